#include "gateway/http/h2_client_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>

#include "gateway/http/h2_library.h"
#include "gateway/http/h2_memory.h"
#include "gateway/http/h2_request.h"

namespace sallyport::http {
namespace {

constexpr std::size_t kFrameHead = 9;
constexpr std::int32_t kConnectionWindow = 1024 * 1024;
constexpr std::size_t kMaxContinuations = 8;

}  // namespace

// H2ClientCallbacks are what the library calls; `self` is the session.
struct H2ClientCallbacks {
  static H2ClientSession& of(void* self) { return *static_cast<H2ClientSession*>(self); }

  static int begin_headers(nghttp2_session*, const nghttp2_frame*, void* self) {
    of(self).block_.clear();
    return 0;
  }

  static int header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                    std::uint8_t, void* self) {
    of(self).block_.add(h2_text(name, name_size), h2_text(value, value_size));
    return 0;
  }

  static int frame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    H2ClientSession& session = of(self);
    const std::int32_t stream = frame->hd.stream_id;
    if (frame->hd.type == NGHTTP2_SETTINGS) session.has_greeted_ = true;
    if (frame->hd.type == NGHTTP2_HEADERS) session.take_block(stream, ends_stream(*frame));
    if (frame->hd.type == NGHTTP2_DATA && ends_stream(*frame)) {
      if (auto* open = session.find(stream)) session.take_end(stream, *open, {});
    }
    return 0;
  }

  static int data(nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* octets,
                  std::size_t size, void* self) {
    H2ClientSession& session = of(self);
    auto* open = session.find(stream);
    if (open == nullptr) {
      session.consume(stream, size);
    } else if (const auto violation = open->answer.take_data(size)) {
      session.consume(stream, size);
      session.fail(stream, H2End::broken, rule_of_answer(*violation));
    } else {
      open->caller->on_h2_data(h2_text(octets, size));
    }
    return 0;
  }

  static int close(nghttp2_session*, std::int32_t stream, std::uint32_t error, void* self) {
    const bool is_refused = error == NGHTTP2_REFUSED_STREAM;
    of(self).fail(stream, is_refused ? H2End::refused : H2End::reset,
                  is_refused ? "refused_stream" : "reset");
    return 0;
  }

  static ssize_t read(nghttp2_session* raw, std::int32_t stream, std::uint8_t*, std::size_t size,
                      std::uint32_t* flags, nghttp2_data_source*, void* self) {
    const auto* open = of(self).find(stream);
    if (open == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    return read_h2_body(*open->caller, of(self).section_, raw, stream, size, *flags);
  }

  static int send_data(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* head,
                       std::size_t size, nghttp2_data_source*, void* self) {
    H2ClientSession& session = of(self);
    auto* open = session.find(frame->hd.stream_id);
    if (open == nullptr || session.out_ == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (session.out_->size() >= session.enough_) return NGHTTP2_ERR_WOULDBLOCK;
    session.out_->append(h2_text(head, kFrameHead));
    session.out_->append(open->caller->h2_unsent().substr(0, size));
    open->caller->on_h2_sent(size);
    return 0;
  }
};

namespace {

nghttp2_session* make_session(void* self) {
  static const H2CallbackTable callbacks = make_h2_callbacks<H2ClientCallbacks>();
  const H2Option option = make_h2_option(kMaxContinuations);
  nghttp2_session* session = nullptr;
  SALLYPORT_CHECK(
      nghttp2_session_client_new3(&session, callbacks.get(), self, option.get(), h2_memory()) == 0);
  return session;
}

}  // namespace

H2ClientSession::H2ClientSession(const HeadLimits& limits, std::uint32_t stream_window)
    : block_(limits), session_(make_session(this)) {
  const std::array<nghttp2_settings_entry, 3> settings{{
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.max_head_bytes)},
  }};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
}

H2ClientSession::~H2ClientSession() { nghttp2_session_del(session_); }

bool H2ClientSession::feed(std::string_view bytes) {
  return nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                  bytes.size()) >= 0;
}

bool H2ClientSession::produce(std::string& out, std::size_t enough) {
  out_ = &out;
  enough_ = enough;
  const int error = produce_h2(session_, out, enough);
  out_ = nullptr;
  return error == 0;
}

bool H2ClientSession::has_room() const {
  const auto most =
      nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  return nghttp2_session_check_request_allowed(session_) != 0 && streams_.size() < most;
}

bool H2ClientSession::is_over() const { return is_h2_over(session_); }

std::int32_t H2ClientSession::open(const RequestHead& head, std::string_view scheme,
                                   H2Caller& caller) {
  if (!section_.set_request(head, scheme)) return 0;
  nghttp2_data_provider provider{};
  provider.read_callback = H2ClientCallbacks::read;
  const auto fields = section_.fields();
  const std::int32_t stream =
      nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(),
                             head.body.has_body() ? &provider : nullptr, nullptr);
  if (stream <= 0) return 0;
  streams_.emplace(stream, Stream{&caller, H2Answer(head.method)});
  return stream;
}

void H2ClientSession::resume(std::int32_t stream) { nghttp2_session_resume_data(session_, stream); }

void H2ClientSession::forget(std::int32_t stream) {
  streams_.erase(stream);
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
}

void H2ClientSession::consume(std::int32_t stream, std::size_t bytes) {
  nghttp2_session_consume(session_, stream, bytes);
}

void H2ClientSession::end() {
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, nullptr, 0);
}

H2ClientSession::Stream* H2ClientSession::find(std::int32_t stream) {
  const auto found = streams_.find(stream);
  return found != streams_.end() ? &found->second : nullptr;
}

void H2ClientSession::take_block(std::int32_t stream, bool ends_stream) {
  Stream* open = find(stream);
  if (open == nullptr) return;
  if (open->answer.has_head()) {
    // RFC 9113 section 8.1: a block after the head ends the stream.
    if (!ends_stream) return fail(stream, H2End::broken, "trailers before the end");
    return take_trailers(stream, *open);
  }
  ResponseHead head;
  const auto violation =
      open->answer.take_head(block_, ends_stream, open->caller->h2_arena(), head);
  if (violation) return fail(stream, H2End::broken, rule_of_answer(*violation));
  if (!open->answer.has_head()) return;
  open->caller->on_h2_head(head);
  if (ends_stream) take_end(stream, *open, {});
}

void H2ClientSession::take_trailers(std::int32_t stream, Stream& open) {
  Fields trailers;
  std::uint8_t slips = 0;
  if (const auto violation = parse_h2_trailers(block_, open.caller->h2_arena(), trailers, &slips)) {
    return fail(stream, H2End::broken, rule_of_answer(*violation));
  }
  if (slips != 0) open.caller->on_h2_slips(slips);
  take_end(stream, open, trailers);
}

void H2ClientSession::take_end(std::int32_t stream, Stream& open, const Fields& trailers) {
  if (const auto violation = open.answer.take_end()) {
    return fail(stream, H2End::broken, rule_of_answer(*violation));
  }
  H2Caller& caller = *open.caller;
  streams_.erase(stream);
  // Whoever has the whole answer does not go on sending the request.
  if (!caller.is_h2_complete() || !caller.h2_unsent().empty()) forget(stream);
  caller.on_h2_end(trailers);
}

void H2ClientSession::fail(std::int32_t stream, H2End why, std::string_view rule) {
  Stream* open = find(stream);
  if (open == nullptr) return;
  H2Caller& caller = *open->caller;
  streams_.erase(stream);
  if (why == H2End::broken) forget(stream);
  caller.on_h2_failed(why, rule);
}

}  // namespace sallyport::http
