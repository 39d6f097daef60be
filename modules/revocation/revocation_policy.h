#pragma once

// RevocationPlan is what the module makes of a chain entry; attach makes the policy that judges by
// it.

#include <memory>
#include <span>

#include "gateway/policy/module.h"
#include "modules/revocation/freshness.h"
#include "modules/revocation/revocation_orders.h"
#include "modules/revocation/revocation_set.h"
#include "modules/revocation/staleness.h"

namespace sallyport::revocation {

struct RevocationPlan final : policy::Plan {
  std::shared_ptr<const RevocationSet> set;
  std::shared_ptr<const Freshness> freshness;  // null: the store is all there is, and never stale
  EntrySettings entry;
  std::shared_ptr<StaleCounts> stale_counts;
  std::shared_ptr<RevocationOrders::Door> orders;
  // A later policy of the chain asks for more than the request shows here (policy/revocations.h),
  // and judges itself whether enough is known for that.
  bool leaves_certainty = false;
};

std::unique_ptr<policy::Policy> attach(std::shared_ptr<const policy::Plan> plan,
                                       policy::AttachContext& context);

// all_checks lists what the policy asks, with all that it can say.
std::span<const policy::Check> all_checks();

}  // namespace sallyport::revocation
