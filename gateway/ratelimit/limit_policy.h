#pragma once

// LimitPolicy judges by limits: it takes a request out of every bucket, or out of none and refuses.
// The modules `rate` and `quota` differ in what they may count by and in their reasons.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "gateway/policy/module.h"
#include "gateway/ratelimit/ledger.h"
#include "gateway/ratelimit/limits.h"
#include "gateway/ratelimit/state.h"

namespace sallyport::ratelimit {

// The most limits of one entry, so that what an exchange holds has a fixed size.
inline constexpr std::size_t kMaxLimits = 16;

struct Reasons {
  const policy::Reason* exceeded;
  const policy::Reason* concurrent;
  const policy::Reason* table_full;
};

struct LimitPlan final : policy::Plan {
  std::vector<std::shared_ptr<const Limit>> limits;
  std::shared_ptr<LimitState> state;
  std::shared_ptr<Ledger> ledger;  // null: rates are not shared
  Reasons reasons{};
  bool has_concurrent = false;
};

class LimitPolicy final : public policy::Policy {
 public:
  LimitPolicy(std::shared_ptr<const LimitPlan> plan, unsigned worker);

  policy::Verdict on_request(policy::Exchange& exchange) override;
  void on_response(policy::Exchange& exchange, http::ResponseHead& head) override;
  void on_done(const policy::Exchange& exchange) noexcept override;

 private:
  class Charges;

  policy::Verdict refuse(policy::Exchange& exchange, const Limit& limit, const Rule& rule,
                         const policy::Reason& reason, std::int64_t wait_ns);

  const std::shared_ptr<const LimitPlan> plan_;
};

}  // namespace sallyport::ratelimit
