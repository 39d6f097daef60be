#pragma once

// Stream is one request and its answer as a codec carries it, and StreamListener is who handles
// it. HTTP/1 and HTTP/2 both implement Stream, so nothing behind it knows the version.

#include <cstddef>
#include <string_view>

#include "gateway/http/message.h"

namespace sallyport::http {

// Flow control, the one rule for both directions: a sender whose receiver has more than kHighWater
// bytes unsent stops reading its source until that falls below kLowWater.
inline constexpr std::size_t kHighWater = 64 * 1024;
inline constexpr std::size_t kLowWater = 16 * 1024;

class Stream {
 public:
  // send_continue tells the client to send its body (RFC 9110 section 10.1.1); once at most.
  virtual void send_continue() = 0;
  // send_head begins the answer. `head.body` says what follows; the codec frames it, and completes
  // the head in place.
  virtual void send_head(ResponseHead& head) = 0;
  virtual void send_body(std::string_view piece) = 0;
  virtual void send_end(const Fields& trailers) = 0;
  // abort ends an answer that cannot be completed, so that the client sees it is incomplete.
  virtual void abort() = 0;
  // unsent is the number of bytes that wait for the client.
  virtual std::size_t unsent() const = 0;
  // Request bodies are delivered only while wanted; a stream starts with them unwanted.
  virtual void want_body(bool yes) = 0;

 protected:
  ~Stream() = default;
};

class StreamListener {
 public:
  virtual void on_body(std::string_view piece) = 0;
  virtual void on_body_end(const Fields& trailers) = 0;
  // on_writable is told when unsent has fallen below kLowWater after it was above kHighWater.
  virtual void on_writable() = 0;

 protected:
  ~StreamListener() = default;
};

}  // namespace sallyport::http
