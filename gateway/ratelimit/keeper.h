#pragma once

// LimitKeeper keeps a module's LimitState from one configuration to the next and tells the operator
// what was counted. LimitSharing counts together with other gateways. Control thread.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gateway/event/loop.h"
#include "gateway/policy/module.h"
#include "gateway/ratelimit/state.h"

namespace sallyport::ratelimit {

class LimitKeeper final : public policy::Service {
 public:
  LimitKeeper(std::string_view module, std::size_t keys, const crypto::SipKey& key);

  void start(event::Loop& control, event::Broadcast& broadcast) override;
  void metrics(std::vector<policy::Metric>& to) const override;

  // state is what workers use; it may outlive the keeper with the last plan that uses it.
  const std::shared_ptr<LimitState>& state() const { return state_; }

 private:
  const std::string prefix_;  // of the metrics' names: "rate_"
  struct Names {
    std::string allowed, exceeded, concurrent, table_full, keys, handovers;
  };
  const Names names_;
  const std::shared_ptr<LimitState> state_;
  event::Loop* loop_ = nullptr;
};

}  // namespace sallyport::ratelimit
