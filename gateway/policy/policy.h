#pragma once

// Policy judges requests. One object exists per chain entry and worker; it runs on that worker only
// and may keep state without locks.

#include <cstddef>

#include "gateway/http/message.h"
#include "gateway/policy/exchange.h"
#include "gateway/policy/verdict.h"

namespace sallyport::policy {

class Policy {
 public:
  virtual ~Policy() = default;

  // body_limit asks for the request body, at most so many bytes, before on_request; zero: not
  // needed. A longer body is refused.
  virtual std::size_t body_limit(const Exchange&) const { return 0; }

  // on_request judges. It never blocks; what it must wait for it awaits (verdict.h).
  virtual Verdict on_request(Exchange& exchange) = 0;

  // on_response sees the answer's head before it is sent and may edit its fields, in reverse chain
  // order. It sees the gateway's own refusals too: what must be on every answer is set here. With
  // exchange.answer_refused it has an upstream's answer replaced by a refusal.
  virtual void on_response(Exchange&, http::ResponseHead&) {}

  // on_done is called exactly once for every on_request, also when the client vanished.
  virtual void on_done(const Exchange&) noexcept {}
};

}  // namespace sallyport::policy
