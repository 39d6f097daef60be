#pragma once

// Staleness says what becomes of a request when it is not certain that all revocations are known:
// the source that tells them has given no proof of life for a while.

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/policy/exchange.h"
#include "gateway/policy/module.h"
#include "gateway/policy/worker_counts.h"
#include "modules/revocation/entry_settings.h"

namespace sallyport::revocation {

enum class Stance : std::uint8_t { fresh, allow, deny, ask };

// stance_on says what to do with a request when the revocations were complete `age` ago; nothing:
// never since the gateway started.
Stance stance_on(const EntrySettings& settings, const policy::Exchange& exchange,
                 std::optional<Milliseconds> age);

// StaleOutcome is what became of a request that was judged while stale.
enum class StaleOutcome : std::uint8_t { allowed, denied, active, inactive, unanswered };
inline constexpr std::size_t kStaleOutcomes = 5;

using StaleCounts = policy::WorkerCounts<StaleOutcome, kStaleOutcomes>;

// StaleService tells the operator the counts.
class StaleService final : public policy::Service {
 public:
  void start(event::Loop&, event::Broadcast&) override {}
  void metrics(std::vector<policy::Metric>& to) const override;
  std::shared_ptr<StaleCounts> counts() const { return counts_; }

 private:
  const std::shared_ptr<StaleCounts> counts_ = std::make_shared<StaleCounts>();
};

}  // namespace sallyport::revocation
