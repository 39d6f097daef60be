#include "gateway/http/h2_server_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/http/h2_library.h"
#include "gateway/http/h2_memory.h"

namespace sallyport::http {
namespace {

constexpr std::size_t kFrameHead = H2FrameHead::kSize;
constexpr std::size_t kPreface = NGHTTP2_CLIENT_MAGIC_LEN;
// A receiver needs no more than a few updates for a frame: frames of four octets, each of which may
// come in a record of its own (RFC 8446 section 5.2: head, type and seal).
constexpr std::uint32_t kUpdatesOfAFrame = 4;
constexpr std::uint64_t kRecord = 5 + 1 + 16;
constexpr std::uint64_t kWindowUpdate = kFrameHead + 4 + kRecord;

H2Sink* sink_of(nghttp2_session* session, std::int32_t stream) {
  return static_cast<H2Sink*>(nghttp2_session_get_stream_user_data(session, stream));
}

}  // namespace

// H2Callbacks are what the library calls; `self` is the session.
struct H2Callbacks {
  static H2ServerSession& of(void* self) { return *static_cast<H2ServerSession*>(self); }

  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    H2ServerSession& session = of(self);
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    session.in_head_ = true;
    session.block_.clear();
    return 0;
  }

  static int header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                    std::uint8_t, void* self) {
    of(self).block_.add(h2_text(name, name_size), h2_text(value, value_size));
    return 0;
  }

  static int begin_frame(nghttp2_session*, const nghttp2_frame_hd*, void* self) {
    of(self).has_begun_ = true;
    return of(self).problem_.empty() ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
  }

  static int frame(nghttp2_session* raw, const nghttp2_frame* frame, void* self) {
    H2ServerSession& session = of(self);
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
        session.in_head_ = false;
        headers(raw, session, *frame);
        break;
      case NGHTTP2_DATA:
        data_end(raw, session, *frame);
        break;
      case NGHTTP2_RST_STREAM:
        session.count(H2Flood::resets);
        break;
      case NGHTTP2_PING:
        session.count(H2Flood::pings);
        break;
      case NGHTTP2_SETTINGS:
        session.count(H2Flood::settings);
        break;
      case NGHTTP2_WINDOW_UPDATE:
        session.count(H2Flood::window_updates);
        break;
      case NGHTTP2_PRIORITY:
        session.count(H2Flood::priorities);
        break;
      default:
        break;
    }
    return 0;
  }

  static void headers(nghttp2_session* raw, H2ServerSession& session, const nghttp2_frame& frame) {
    const std::int32_t stream = frame.hd.stream_id;
    session.useful_ += kFrameHead + frame.hd.length;
    if (frame.headers.cat == NGHTTP2_HCAT_REQUEST) {
      session.account_.earn(OverheadAccount::kRequest);
      H2Sink& sink = session.owner_.on_h2_request(stream, session.block_, ends_stream(frame));
      nghttp2_session_set_stream_user_data(raw, stream, &sink);
      return;
    }
    // RFC 9113 section 8.1: a second block ends the stream, or the message is malformed.
    if (!ends_stream(frame)) return session.reset(stream, H2Error::protocol_error);
    if (H2Sink* sink = sink_of(raw, stream)) sink->on_h2_end(&session.block_);
  }

  static void data_end(nghttp2_session* raw, H2ServerSession& session, const nghttp2_frame& frame) {
    if (ends_stream(frame)) {
      if (H2Sink* sink = sink_of(raw, frame.hd.stream_id)) sink->on_h2_end(nullptr);
    } else if (frame.hd.length == 0) {
      session.count(H2Flood::empty_data);
    }
  }

  static int data(nghttp2_session* raw, std::uint8_t, std::int32_t stream,
                  const std::uint8_t* octets, std::size_t size, void* self) {
    H2Sink* sink = sink_of(raw, stream);
    if (sink == nullptr) {
      of(self).consume(stream, size);
    } else {
      of(self).useful_ += size;
      sink->on_h2_data(h2_text(octets, size));
    }
    return 0;
  }

  static int close(nghttp2_session* raw, std::int32_t stream, std::uint32_t error, void*) {
    if (H2Sink* sink = sink_of(raw, stream)) {
      nghttp2_session_set_stream_user_data(raw, stream, nullptr);
      sink->on_h2_close(error == NGHTTP2_NO_ERROR);
    }
    return 0;
  }

  // A frame that the library refuses: it answers it; it costs as much as a reset.
  static int invalid(nghttp2_session*, const nghttp2_frame* frame, int, void* self) {
    of(self).in_head_ = false;
    of(self).past_.end_by_us(frame->hd.stream_id);
    of(self).count(H2Flood::resets);
    return 0;
  }

  static int sent(nghttp2_session* raw, const nghttp2_frame* frame, void* self) {
    if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR) {
      // The library gave the connection up; what it sent says why.
      const auto& goaway = frame->goaway;
      of(self).fail(goaway.opaque_data_len == 0
                        ? nghttp2_http2_strerror(goaway.error_code)
                        : h2_text(goaway.opaque_data, goaway.opaque_data_len));
    }
    const std::int32_t stream = frame->hd.stream_id;
    const bool client_goes_on = nghttp2_session_get_stream_remote_close(raw, stream) != 1;
    if (frame->hd.type == NGHTTP2_RST_STREAM && client_goes_on) of(self).note_our_reset(stream);
    const bool is_answer = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (!is_answer || !ends_stream(*frame) || !client_goes_on) return 0;
    if (H2Sink* sink = sink_of(raw, stream)) sink->on_h2_answered();
    return 0;
  }

  static ssize_t read(nghttp2_session* raw, std::int32_t stream, std::uint8_t*, std::size_t size,
                      std::uint32_t* flags, nghttp2_data_source*, void* self) {
    const H2Sink* sink = sink_of(raw, stream);
    if (sink == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    return read_h2_body(*sink, of(self).section_, raw, stream, size, *flags);
  }

  static int send_data(nghttp2_session* raw, nghttp2_frame* frame, const std::uint8_t* head,
                       std::size_t size, nghttp2_data_source*, void* self) {
    H2ServerSession& session = of(self);
    H2Sink* sink = sink_of(raw, frame->hd.stream_id);
    if (sink == nullptr || session.out_ == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (session.out_->size() >= session.enough_) return NGHTTP2_ERR_WOULDBLOCK;
    session.out_->append(h2_text(head, kFrameHead));
    session.out_->append(sink->h2_unsent().substr(0, size));
    session.budget_.earn_window_updates(kUpdatesOfAFrame);
    session.account_.earn(kUpdatesOfAFrame * kWindowUpdate);
    sink->on_h2_sent(size);
    return 0;
  }
};

namespace {

nghttp2_session* make_session(const H2Limits& limits, void* self) {
  static const H2CallbackTable callbacks = make_h2_callbacks<H2Callbacks>();
  const H2Option option = make_h2_option(limits.max_continuations);
  nghttp2_option_set_no_closed_streams(option.get(), 1);
  const auto resets = limits.per_second[static_cast<std::size_t>(H2Flood::resets)];
  nghttp2_option_set_stream_reset_rate_limit(option.get(), std::uint64_t{resets} * 10, resets);
  nghttp2_session* session = nullptr;
  SALLYPORT_CHECK(
      nghttp2_session_server_new3(&session, callbacks.get(), self, option.get(), h2_memory()) == 0);
  return session;
}

}  // namespace

H2ServerSession::H2ServerSession(const H2Limits& limits, H2SessionOwner& owner)
    : owner_(owner),
      limits_(limits),
      budget_(limits),
      account_(limits.overhead),
      scan_(kPreface),
      block_(limits.head),
      session_(make_session(limits, this)) {
  const std::array<nghttp2_settings_entry, 3> settings{{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.max_streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
       static_cast<std::uint32_t>(limits.head.max_head_bytes)},
  }};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<std::int32_t>(limits.connection_window));
}

H2ServerSession::~H2ServerSession() { nghttp2_session_del(session_); }

bool H2ServerSession::feed(std::string_view bytes, MonoTime now) {
  now_ = now;
  const std::size_t received = bytes.size();
  std::size_t seen = 0;
  while (seen < bytes.size()) {
    seen += scan_.step(bytes.substr(seen));
    if (!scan_.head_is_whole()) break;
    const H2FrameHead head = scan_.head();
    const bool is_headers = head.type == H2FrameHead::kHeaders;
    if ((!is_headers && head.type != H2FrameHead::kData) || head.stream % 2 == 0) continue;
    if (past_.is_new(head.stream)) {
      if (is_headers) past_.open(head.stream);
      continue;
    }
    // What the library makes of the frames before it decides whether the stream is still open.
    const std::size_t before = seen - std::min(seen, H2FrameHead::kSize);
    feed_library(bytes.substr(0, before));
    bytes.remove_prefix(before);
    seen -= before;
    judge_old_stream(head);
  }
  feed_library(bytes);
  settle(received);
  return problem_.empty();
}

void H2ServerSession::feed_library(std::string_view bytes) {
  if (bytes.empty()) return;
  const auto taken = nghttp2_session_mem_recv(
      session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (taken < 0) fail(nghttp2_strerror(static_cast<int>(taken)));
}

// judge_old_stream: RFC 9113 section 5.1. The library tells streams that the client ended from
// those that it may not know to be ended only while it still has them, and ignores what comes on
// the others.
void H2ServerSession::judge_old_stream(const H2FrameHead& head) {
  const std::int32_t stream = head.stream;
  // From our word on; the library has the stream until the word has left.
  if (past_.was_ended_by_us(stream)) return excuse(head);
  if (nghttp2_session_find_stream(session_, stream) != nullptr) return;
  // After GOAWAY, streams that crossed it were opened and never begun (section 6.8).
  if (stream > nghttp2_session_get_last_proc_stream_id(session_)) return;
  switch (past_.of(stream)) {
    case H2Past::never_opened:
      return terminate(H2Error::protocol_error, "a stream that was passed over");
    case H2Past::ended_by_client:
      return terminate(H2Error::stream_closed, "a frame on a stream that the client had ended");
    case H2Past::ended_by_us:
      return excuse(head);
  }
}

// excuse: content that the client had sent before it knew is not its fault.
void H2ServerSession::excuse(const H2FrameHead& head) {
  if (head.type != H2FrameHead::kData) return;
  const std::uint64_t excused = std::min<std::uint64_t>(head.length, crossing_);
  crossing_ -= excused;
  account_.spend(-static_cast<std::int64_t>(excused));
}

void H2ServerSession::note_our_reset(std::int32_t stream) {
  if (past_.was_ended_by_us(stream)) return;
  past_.end_by_us(stream);
  crossing_ = std::min<std::uint64_t>(crossing_ + limits_.stream_window, limits_.connection_window);
}

// settle charges for what came of no use. While a header block is open, its octets are not yet of
// use.
void H2ServerSession::settle(std::size_t received) {
  const std::uint64_t useful = std::exchange(useful_, 0);
  account_.spend(static_cast<std::int64_t>(received) - static_cast<std::int64_t>(useful));
  account_.earn(useful);
  if (in_head_ || is_overdrawn_ || !account_.is_overdrawn()) return;
  is_overdrawn_ = true;
  terminate(H2Error::enhance_your_calm, "overhead");
}

bool H2ServerSession::produce(std::string& out, std::size_t enough) {
  out_ = &out;
  enough_ = enough;
  const int error = produce_h2(session_, out, enough);
  if (error != 0) fail(nghttp2_strerror(error));
  out_ = nullptr;
  return problem_.empty();
}

bool H2ServerSession::is_over() const { return is_h2_over(session_); }

bool H2ServerSession::wants_to_send() const { return nghttp2_session_want_write(session_) != 0; }

bool H2ServerSession::submit_head(std::int32_t stream, const ResponseHead& head, H2Sink* sink) {
  if (!section_.set_head(head)) return false;
  nghttp2_data_provider provider{};
  provider.read_callback = H2Callbacks::read;
  const auto fields = section_.fields();
  return nghttp2_submit_response(session_, stream, fields.data(), fields.size(),
                                 sink == nullptr ? nullptr : &provider) == 0;
}

void H2ServerSession::submit_continue(std::int32_t stream) {
  ResponseHead head;
  head.status = 100;
  SALLYPORT_CHECK(section_.set_head(head));
  const auto fields = section_.fields();
  nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream, nullptr, fields.data(), fields.size(),
                         nullptr);
}

void H2ServerSession::resume(std::int32_t stream) { nghttp2_session_resume_data(session_, stream); }

void H2ServerSession::reset(std::int32_t stream, H2Error error) {
  if (nghttp2_session_get_stream_remote_close(session_, stream) == 0) note_our_reset(stream);
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, static_cast<std::uint32_t>(error));
}

void H2ServerSession::consume(std::int32_t stream, std::size_t bytes) {
  nghttp2_session_consume(session_, stream, bytes);
}

void H2ServerSession::consume_lost(std::size_t bytes) {
  nghttp2_session_consume_connection(session_, bytes);
}

void H2ServerSession::announce_end() { nghttp2_submit_shutdown_notice(session_); }

void H2ServerSession::end(H2Error error) {
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_),
                        static_cast<std::uint32_t>(error), nullptr, 0);
}

void H2ServerSession::count(H2Flood kind) {
  if (budget_.spend(kind, now_) || flood_) return;
  flood_ = kind;
  terminate(H2Error::enhance_your_calm, to_string(kind));
}

void H2ServerSession::terminate(H2Error error, std::string_view problem) {
  nghttp2_session_terminate_session(session_, static_cast<std::uint32_t>(error));
  fail(problem);
}

void H2ServerSession::fail(std::string_view problem) {
  if (problem_.empty()) problem_ = problem;
}

}  // namespace sallyport::http
