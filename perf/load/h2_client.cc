#include "perf/load/h2_client.h"

#include <array>
#include <cstdlib>

#include "gateway/base/check.h"

namespace sallyport::perf {
namespace {

nghttp2_nv field(std::string_view name, std::string_view value) {
  const auto octets = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {octets(name), octets(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

struct H2ClientCallbacks {
  static H2Client& of(void* self) { return *static_cast<H2Client*>(self); }

  static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t, std::uint8_t,
                    void* self) {
    if (name_size == 7 && name[0] == ':') {
      of(self).streams_[frame->hd.stream_id].status =
          std::atoi(reinterpret_cast<const char*>(value));
    }
    return 0;
  }
  static int data(nghttp2_session*, std::uint8_t, std::int32_t, const std::uint8_t*,
                  std::size_t size, void* self) {
    of(self).run_.took(size);
    return 0;
  }
  static int close(nghttp2_session*, std::int32_t stream, std::uint32_t, void* self) {
    of(self).ended(stream);
    return 0;
  }
};

H2Client::H2Client(event::Loop& loop, const Options& options, tls::ClientContext& tls, Run& run)
    : Connection(loop, options, tls), run_(run) {
  open();
}

H2Client::~H2Client() { nghttp2_session_del(session_); }

void H2Client::on_open() {
  nghttp2_session_callbacks* callbacks = nullptr;
  SALLYPORT_CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, H2ClientCallbacks::header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, H2ClientCallbacks::data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, H2ClientCallbacks::close);
  nghttp2_session_del(session_);
  SALLYPORT_CHECK(nghttp2_session_client_new(&session_, callbacks, this) == 0);
  nghttp2_session_callbacks_del(callbacks);
  constexpr std::int32_t kWindow = 1 << 24;
  const std::array<nghttp2_settings_entry, 1> settings{
      {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindow}}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindow);
  for (int i = 0; i < options().streams; ++i) run_.ask(*this);
  pump();
}

void H2Client::send(MonoTime due) {
  const std::string authority = options().host + ":" + std::to_string(options().port);
  const std::string& token = run_.next_request();
  std::array<nghttp2_nv, 5> fields{field(":method", "GET"), field(":scheme", "https"),
                                   field(":authority", authority), field(":path", options().path),
                                   field("authorization", token)};
  const std::size_t count = token.empty() ? fields.size() - 1 : fields.size();
  const auto stream =
      nghttp2_submit_request(session_, nullptr, fields.data(), count, nullptr, nullptr);
  if (stream < 0) return run_.failed();
  streams_[stream].due = due;
  pump();
}

void H2Client::pump() {
  if (is_pumping_ || !is_open()) return;
  std::string out;
  const std::uint8_t* octets = nullptr;
  for (;;) {
    const auto size = nghttp2_session_mem_send(session_, &octets);
    if (size <= 0) break;
    out.append(reinterpret_cast<const char*>(octets), static_cast<std::size_t>(size));
  }
  if (!out.empty()) write(out);
}

void H2Client::on_octets(std::string_view octets) {
  is_pumping_ = true;  // what the answers bring about is sent at once
  const auto taken = nghttp2_session_mem_recv(
      session_, reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size());
  is_pumping_ = false;
  if (taken < 0) {
    close();
    return on_lost();
  }
  pump();
}

void H2Client::ended(std::int32_t stream) {
  const Stream over = streams_[stream];
  streams_.erase(stream);
  run_.done(over.due, over.status);
  run_.ask(*this);
}

void H2Client::on_lost() {
  run_.failed();
  run_.forget(*this);
  streams_.clear();
  open();
}

}  // namespace sallyport::perf
