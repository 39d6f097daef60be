#pragma once

// UpstreamStream is one exchange with a server, as Forward and the health check use it. Which
// version of HTTP carries it, and whether it has the connection for itself, is its own business.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "gateway/event/loop.h"
#include "gateway/http/message.h"
#include "gateway/policy/reason.h"
#include "gateway/policy/route.h"
#include "gateway/proxy/server.h"
#include "gateway/proxy/upstream.h"
#include "gateway/tls/client_context.h"

namespace sallyport::proxy {

// Repeat says which requests may be sent once more after a failure (RFC 9110 section 9.2.2).
enum class Repeat : std::uint8_t {
  never,         // the server may have acted, or has answered
  safe_methods,  // it may have seen the request; no octet of an answer came
  any_method,    // no octet of the request was sent
};

// Failure is why a stream cannot bring the answer.
struct Failure {
  const policy::Reason* reason = nullptr;
  std::string_view rule;  // the phase or the rule, a static text
  Repeat repeat = Repeat::never;
};

class UpstreamListener {
 public:
  virtual void on_connected() = 0;
  // on_response_head gives the final head; interim ones are swallowed. The head's text lives in the
  // arena given to send_request.
  virtual void on_response_head(http::ResponseHead& head) = 0;
  virtual void on_response_body(std::string_view piece) = 0;
  // on_response_slips: what was tolerated behind the head (http::Slip), told before the end.
  virtual void on_response_slips(std::uint8_t) {}
  virtual void on_response_end(const http::Fields& trailers) = 0;
  // on_upstream_writable is told when unsent has fallen below kLowWater.
  virtual void on_upstream_writable() = 0;
  // on_upstream_failed: the stream is useless. Exactly one of end and failed is told.
  virtual void on_upstream_failed(const Failure& failure) = 0;
  // route is the one that the request belongs to; null: it is the gateway's own. Routes outlive the
  // connections of their upstream.
  virtual const policy::Route* route() const { return nullptr; }

 protected:
  ~UpstreamListener() = default;
};

// SurplusListener is told of octets that a server sent beyond the answers that it owed. It has read
// a request that the gateway did not send, or does not know where its own answers end.
class SurplusListener {
 public:
  // on_surplus: `route` had the last exchange on the connection, which is not used again.
  virtual void on_surplus(const policy::Route& route, const Upstream& upstream,
                          const Server& server) = 0;

 protected:
  ~SurplusListener() = default;
};

// A stream is destroyed to give it up, at any time but inside one of its own calls to the listener.
class UpstreamStream {
 public:
  class IdleOwner {
   public:
    // on_idle_end: the connection of an idle stream ended. The owner destroys the stream at once.
    virtual void on_idle_end(UpstreamStream& stream) = 0;

   protected:
    ~IdleOwner() = default;
  };

  virtual ~UpstreamStream() = default;

  // connect begins; on_connected or on_upstream_failed follows, possibly before it returns.
  virtual void connect(UpstreamListener& listener) = 0;
  // reuse takes an idle stream's connection for another exchange, become_idle keeps it for one.
  virtual void reuse(UpstreamListener& listener) = 0;
  virtual void become_idle(IdleOwner& owner) = 0;
  virtual bool is_reusable() const = 0;
  // is_quiet says whether an idle stream may be reused: false when its server has said something or
  // has closed. It asks the kernel where octets of an exchange before could have been left over.
  virtual bool is_quiet() { return true; }
  virtual bool was_reused() const = 0;

  virtual void send_request(const http::RequestHead& head, Arena& arena) = 0;
  virtual void send_body(std::string_view piece) = 0;
  virtual void send_end(const http::Fields& trailers) = 0;
  virtual std::size_t unsent() const = 0;
  // want_response pauses and resumes reading, for flow control.
  virtual void want_response(bool yes) = 0;
};

// UpstreamContext is what all connections of one upstream share on one thread. `scratch` is the
// thread's read buffer: what is in it is consumed before the callback returns.
struct UpstreamContext {
  event::Loop& loop;
  const Upstream& upstream;
  tls::ClientContext* tls;  // null: plain text
  std::span<char> scratch;
  SurplusListener* surplus = nullptr;  // null: nobody is told
};

}  // namespace sallyport::proxy
