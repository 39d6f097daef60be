#pragma once

// H2ClientSession is the codec of one HTTP/2 connection with a server (RFC 9113): octets in and
// octets out, no socket. One connection carries many exchanges.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "gateway/http/h2_answer.h"
#include "gateway/http/h2_response.h"
#include "gateway/http/head_scan.h"
#include "gateway/http/header_block.h"
#include "gateway/http/message.h"

struct nghttp2_session;

namespace sallyport::http {

// H2End is how a stream ended that did not bring a whole answer.
enum class H2End : std::uint8_t {
  refused,  // the server did not process the request: REFUSED_STREAM, or beyond its GOAWAY
  reset,    // by the server
  broken,   // its answer breaks HTTP
};

// H2Caller handles one stream: what comes on it, and what is to be sent. It is called during feed
// and produce only, and may not be destroyed or open streams meanwhile.
class H2Caller {
 public:
  virtual Arena& h2_arena() = 0;  // for the answer's head
  virtual void on_h2_head(ResponseHead& head) = 0;
  virtual void on_h2_data(std::string_view piece) = 0;
  // on_h2_slips: what was tolerated behind the head (Slip), told before the end.
  virtual void on_h2_slips(std::uint8_t slips) = 0;
  // Exactly one of these ends the stream, and the caller is forgotten.
  virtual void on_h2_end(const Fields& trailers) = 0;
  virtual void on_h2_failed(H2End why, std::string_view rule) = 0;

  // What is to be sent of the request's body now.
  virtual std::string_view h2_unsent() const = 0;
  virtual void on_h2_sent(std::size_t bytes) = 0;
  // is_h2_complete: nothing will follow what is unsent but these trailers.
  virtual bool is_h2_complete() const = 0;
  virtual const Fields& h2_trailers() const = 0;

 protected:
  ~H2Caller() = default;
};

class H2ClientSession {
 public:
  // `stream_window` is how much of an answer may wait for us.
  H2ClientSession(const HeadLimits& limits, std::uint32_t stream_window);
  ~H2ClientSession();
  H2ClientSession(const H2ClientSession&) = delete;
  H2ClientSession& operator=(const H2ClientSession&) = delete;

  // feed takes what the server sent; false: the connection is beyond repair.
  [[nodiscard]] bool feed(std::string_view bytes);
  // produce appends to `out` what is to be sent, until it holds about `enough` octets.
  [[nodiscard]] bool produce(std::string& out, std::size_t enough);

  // has_greeted: the server's settings are known.
  bool has_greeted() const { return has_greeted_; }
  // has_room says whether the server takes another stream now.
  bool has_room() const;
  bool is_over() const;  // both sides have said all

  // open begins a request; zero: a field may not be sent. The body comes from the caller.
  std::int32_t open(const RequestHead& head, std::string_view scheme, H2Caller& caller);
  // resume: the caller has something to send again.
  void resume(std::int32_t stream);
  // forget resets the stream unless it is over; its caller is not called again.
  void forget(std::int32_t stream);
  // consume gives the server credit for octets of an answer that were dealt with.
  void consume(std::int32_t stream, std::size_t bytes);
  // end tells the server that no more streams will come.
  void end();

 private:
  friend struct H2ClientCallbacks;

  struct Stream {
    H2Caller* caller;
    H2Answer answer;
  };

  Stream* find(std::int32_t stream);
  void take_block(std::int32_t stream, bool ends_stream);
  void take_trailers(std::int32_t stream, Stream& open);
  void take_end(std::int32_t stream, Stream& open, const Fields& trailers);
  void fail(std::int32_t stream, H2End why, std::string_view rule);

  HeaderBlock block_;
  H2FieldSection section_;
  std::unordered_map<std::int32_t, Stream> streams_;
  std::string* out_ = nullptr;  // while producing
  std::size_t enough_ = 0;
  bool has_greeted_ = false;
  nghttp2_session* session_ = nullptr;
};

}  // namespace sallyport::http
