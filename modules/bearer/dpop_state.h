#pragma once

// DpopState is what all workers share of DPoP: which proofs were used, and the nonces that proofs
// may be asked to contain (RFC 9449 section 8). It outlives configurations.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/policy/module.h"
#include "modules/bearer/replay_table.h"

namespace sallyport::bearer {

// NonceMint makes nonces that say themselves when they were made, so that none is stored.
class NonceMint {
 public:
  static constexpr std::int64_t kPeriod = 300;  // a nonce is good for one to two of these, seconds

  NonceMint();
  std::string make(std::int64_t now) const { return of_period(now / kPeriod); }
  bool is_good(std::string_view nonce, std::int64_t now) const;

 private:
  std::string of_period(std::int64_t period) const;
  std::string key_;  // random, of this process
};

struct DpopState {
  explicit DpopState(std::size_t entries) : replays(entries, wall_now().unix_seconds()) {}
  ReplayTable replays;
  NonceMint nonces;
};

// DpopService keeps the state for the next configuration and counts what is in it.
class DpopService final : public policy::Service {
 public:
  explicit DpopService(std::size_t entries) : state_(std::make_shared<DpopState>(entries)) {}
  void start(event::Loop&, event::Broadcast&) override {}
  void metrics(std::vector<policy::Metric>& to) const override;
  std::shared_ptr<DpopState> state() const { return state_; }

 private:
  const std::shared_ptr<DpopState> state_;
};

}  // namespace sallyport::bearer
