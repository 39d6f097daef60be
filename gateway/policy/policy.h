#pragma once

// Policy judges requests. One object exists per chain entry and worker; it runs on that worker only
// and may keep state without locks.

#include <cstddef>
#include <string_view>

#include "gateway/http/message.h"
#include "gateway/policy/exchange.h"
#include "gateway/policy/verdict.h"

namespace sallyport::policy {

// Answer is an upstream's answer that is held until the policies have judged it.
struct Answer {
  http::ResponseHead& head;
  std::string_view body;  // as the upstream encoded it; empty when it is longer than was asked for
  bool is_whole = true;   // false: it is longer
};

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

  // answer_limit asks for the upstream's answer, with a body of at most so many bytes, to be held
  // until on_answer has judged it; zero: not needed, and on_answer is not called. A longer answer
  // is held as well, and judged without its body.
  virtual std::size_t answer_limit(const Exchange&, const http::ResponseHead&) const { return 0; }

  // on_answer judges a held answer, after on_response, in reverse chain order. The client sees
  // nothing of it before every policy has allowed it; a refusal takes its place. It may wait like
  // on_request.
  virtual Verdict on_answer(Exchange&, const Answer&) { return allow(); }

  // on_done is called exactly once for every on_request, also when the client vanished.
  virtual void on_done(const Exchange&) noexcept {}
};

}  // namespace sallyport::policy
