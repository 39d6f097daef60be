#pragma once

// CacheService tells the operator how full the workers' caches of tokens are.

#include <memory>
#include <vector>

#include "gateway/policy/module.h"
#include "modules/bearer/token_cache.h"

namespace sallyport::bearer {

class CacheService final : public policy::Service {
 public:
  explicit CacheService(std::size_t capacity) : capacity_(capacity) {}
  void start(event::Loop&, event::Broadcast&) override {}
  void metrics(std::vector<policy::Metric>& to) const override {
    std::size_t entries = 0;
    std::size_t bytes = 0;
    for (const auto& worker : gauges_->workers) {
      entries += worker.entries.load(std::memory_order_relaxed);
      bytes += worker.bytes.load(std::memory_order_relaxed);
    }
    const auto add = [&](std::string_view name, std::string_view help, std::size_t value) {
      to.push_back({name, help, false, "", "", static_cast<double>(value)});
    };
    add("bearer_cache_entries", "Tokens that all workers remember.", entries);
    add("bearer_cache_bytes", "Memory that the remembered tokens take.", bytes);
    add("bearer_cache_capacity", "Tokens that one worker can remember.", capacity_);
  }
  std::shared_ptr<CacheGauges> gauges() const { return gauges_; }

 private:
  const std::size_t capacity_;
  const std::shared_ptr<CacheGauges> gauges_ = std::make_shared<CacheGauges>();
};

}  // namespace sallyport::bearer
