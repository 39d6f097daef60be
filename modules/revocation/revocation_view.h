#pragma once

// RevocationView is what other policies of the chain may ask of the revocations
// (policy/revocations.h). There is one for each chain entry and worker.

#include <memory>

#include "gateway/event/loop.h"
#include "gateway/policy/revocations.h"
#include "modules/revocation/issuer.h"
#include "modules/revocation/revocation_policy.h"

namespace sallyport::revocation {

class RevocationView final : public policy::Revocations {
 public:
  // `loop` is the worker's.
  RevocationView(std::shared_ptr<const RevocationPlan> plan, event::Loop& loop)
      : plan_(std::move(plan)), loop_(loop) {}

  bool is_known() const override { return plan_->set->is_ready(); }
  bool may_lag() const override { return plan_->freshness != nullptr; }
  std::optional<std::size_t> find(const policy::Exchange& exchange, std::string_view issuer,
                                  std::span<const policy::GrantName> names,
                                  std::int64_t granted_at) override;
  policy::Verdict judge_certainty(policy::Exchange& exchange) override;
  event::Task<bool> revoke_token(const policy::TokenRevocation& what) override;

  // stance is what the chain's entry says to a request now; only where they may lag.
  Stance stance(const policy::Exchange& exchange) const;
  // refuse denies as stale, counts the outcome, and tells the operator `why` if there is more.
  policy::Verdict refuse(policy::Exchange& exchange, StaleOutcome outcome,
                         std::string_view why) const;
  void count(const policy::Exchange& exchange, StaleOutcome outcome) const {
    plan_->stale_counts->add(exchange.worker, outcome);
  }

 private:
  const std::shared_ptr<const RevocationPlan> plan_;
  event::Loop& loop_;
  IssuerIds issuers_;
};

}  // namespace sallyport::revocation
