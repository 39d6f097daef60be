#pragma once

// Endpoint is what the guards of all endpoints have in common: it reads the request, so strictly
// that the server can read no other, and has the last word, whether enough is known of the
// revocations. Each kind of endpoint is a class of its own.

#include <memory>
#include <utility>

#include "gateway/event/loop.h"
#include "gateway/policy/exchange.h"
#include "gateway/policy/policy.h"
#include "gateway/policy/verdict.h"
#include "modules/oauth/endpoint_plan.h"
#include "modules/oauth/oauth_request.h"

namespace sallyport::oauth {

// RestsOn says what a request rests on: a token that was issued before may have been revoked since,
// a code is a new decision of the user.
enum class RestsOn : std::uint8_t { nothing_issued, issued_token };

class Endpoint : public policy::Policy {
 public:
  std::size_t body_limit(const policy::Exchange&) const final { return kMaxOauthForm; }
  policy::Verdict on_request(policy::Exchange& exchange) final;

 protected:
  // `loop` is the worker's.
  Endpoint(std::shared_ptr<const EndpointPlan> plan, event::Loop& loop)
      : plan_(std::move(plan)), loop_(loop) {}

  // prepare is for every request, also one that is refused: in observe mode its answer is learned
  // all the same.
  virtual void prepare(policy::Exchange& exchange) const = 0;
  // judge judges a request that can be read in one way only.
  virtual policy::Verdict judge(policy::Exchange& exchange, OauthRequest request) = 0;

  // judge_certainty ends the work on a request. It comes last: what is known to be revoked is
  // refused even where `on_unavailable: allow` lets pass what cannot be known. What rests on no
  // issued token needs no fresh revocations: a code is judged by the server.
  static policy::Verdict judge_certainty(policy::Exchange& exchange, RestsOn what);
  // unavailable: the ledger cannot be used.
  static policy::Verdict unavailable(policy::Exchange& exchange, const Error& error);

  const EndpointPlan& plan() const { return *plan_; }
  event::Loop& loop() const { return loop_; }

 private:
  const std::shared_ptr<const EndpointPlan> plan_;
  event::Loop& loop_;
};

}  // namespace sallyport::oauth
