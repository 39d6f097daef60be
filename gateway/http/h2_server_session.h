#pragma once

// H2ServerSession is the codec of one HTTP/2 connection with a client (RFC 9113): octets in and
// octets out, no socket. nghttp2 does frames, HPACK and flow control; which messages are good is
// judged by h2_request, and what a peer may cost us by h2_limits. Nothing is called back from
// inside a call but during feed and produce.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/http/h2_frame_scan.h"
#include "gateway/http/h2_limits.h"
#include "gateway/http/h2_past_streams.h"
#include "gateway/http/h2_response.h"
#include "gateway/http/header_block.h"
#include "gateway/http/message.h"
#include "gateway/http/overhead.h"

struct nghttp2_session;

namespace sallyport::http {

// Error codes of RFC 9113 section 7 that we send.
enum class H2Error : std::uint32_t {
  no_error = 0x0,
  protocol_error = 0x1,
  internal_error = 0x2,
  stream_closed = 0x5,
  refused_stream = 0x7,
  enhance_your_calm = 0xb,
};

// H2Sink handles one stream: what comes on it, and what is to be sent.
class H2Sink {
 public:
  virtual void on_h2_data(std::string_view piece) = 0;
  // on_h2_end: the request is complete; `trailers` is null when there were none.
  virtual void on_h2_end(const HeaderBlock* trailers) = 0;
  // on_h2_answered: the answer has been sent whole, and the request is still coming. The sink takes
  // the rest and throws it away, or resets the stream.
  virtual void on_h2_answered() = 0;
  // on_h2_close: the stream is over; the sink is not called again. `is_well`: nobody reset it, but
  // for a request whose rest was of no use any more.
  virtual void on_h2_close(bool is_well) = 0;

  // What is to be sent of the answer's body now.
  virtual std::string_view h2_unsent() const = 0;
  virtual void on_h2_sent(std::size_t bytes) = 0;
  // is_h2_complete: nothing will follow what is unsent but these trailers.
  virtual bool is_h2_complete() const = 0;
  virtual const Fields& h2_trailers() const = 0;

 protected:
  ~H2Sink() = default;
};

class H2SessionOwner {
 public:
  // on_h2_request begins a stream. The block is the session's: it is read before this returns.
  virtual H2Sink& on_h2_request(std::int32_t stream, const HeaderBlock& head, bool ends_stream) = 0;

 protected:
  ~H2SessionOwner() = default;
};

class H2ServerSession {
 public:
  // `limits` and `owner` outlive the session. The preface of ours is ready to be produced.
  H2ServerSession(const H2Limits& limits, H2SessionOwner& owner);
  ~H2ServerSession();
  H2ServerSession(const H2ServerSession&) = delete;
  H2ServerSession& operator=(const H2ServerSession&) = delete;

  // spend_overhead counts octets of the transport that carried nothing (Transport::overhead).
  void spend_overhead(std::int64_t octets) { account_.spend(octets); }
  // feed takes what the client sent. False: the connection is beyond repair; see problem().
  [[nodiscard]] bool feed(std::string_view bytes, MonoTime now);
  // produce appends to `out` what is to be sent, until it holds about `enough` octets.
  [[nodiscard]] bool produce(std::string& out, std::size_t enough);
  // is_over: both sides have said all; what is produced should leave, then the socket.
  bool is_over() const;
  // wants_to_send says whether produce would append something, windows permitting.
  bool wants_to_send() const;

  // submit_head begins an answer; without `sink` it ends the stream as well. False: it may not be
  // sent, see H2FieldSection.
  [[nodiscard]] bool submit_head(std::int32_t stream, const ResponseHead& head, H2Sink* sink);
  void submit_continue(std::int32_t stream);
  // resume: the sink has something to send again.
  void resume(std::int32_t stream);
  void reset(std::int32_t stream, H2Error error);
  // consume gives the client credit for octets of a body that were dealt with.
  void consume(std::int32_t stream, std::size_t bytes);
  // consume_lost does so for a stream that is gone.
  void consume_lost(std::size_t bytes);

  // announce_end asks the client to open no more streams; those that cross it are served.
  void announce_end();
  // end refuses later streams: GOAWAY with the last stream that was begun.
  void end(H2Error error = H2Error::no_error);

  bool has_open_head() const { return in_head_; }
  bool has_begun() const { return has_begun_; }  // the client's preface came
  // problem is why the connection was given up: a flood's name, or the library's word; empty while
  // all is well.
  std::string_view problem() const { return problem_; }
  const std::optional<H2Flood>& flood() const { return flood_; }
  // is_overdrawn: the problem is that too much of what came was of no use (OverheadAccount).
  bool is_overdrawn() const { return is_overdrawn_; }

 private:
  friend struct H2Callbacks;

  void count(H2Flood kind);
  void feed_library(std::string_view bytes);
  void judge_old_stream(const H2FrameHead& head);
  void excuse(const H2FrameHead& head);
  void note_our_reset(std::int32_t stream);
  void settle(std::size_t received);
  void terminate(H2Error error, std::string_view problem);
  void fail(std::string_view problem);

  H2SessionOwner& owner_;
  const H2Limits& limits_;
  H2Budget budget_;
  OverheadAccount account_;
  std::uint64_t useful_ = 0;    // octets of this feed that were
  std::uint64_t crossing_ = 0;  // octets of bodies that may be under way on streams that we reset
  H2FrameScan scan_;
  H2PastStreams past_;
  HeaderBlock block_;
  H2FieldSection section_;
  MonoTime now_{};
  std::string* out_ = nullptr;  // while producing
  std::size_t enough_ = 0;
  std::string problem_;
  std::optional<H2Flood> flood_;
  bool is_overdrawn_ = false;
  bool in_head_ = false;
  bool has_begun_ = false;
  nghttp2_session* session_ = nullptr;
};

}  // namespace sallyport::http
