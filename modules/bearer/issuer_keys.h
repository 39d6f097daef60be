#pragma once

// IssuerKeys is what workers see of one issuer's keys: the current set, a way to ask for a newer
// one, and counters. It belongs to nobody's thread; KeySource fills it from control.

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "gateway/event/live.h"
#include "gateway/event/worker.h"
#include "modules/bearer/jwks.h"

namespace sallyport::bearer {

class IssuerKeys {
 public:
  // Counters are written by one worker each and read by control.
  struct alignas(64) Counters {
    std::atomic<std::uint64_t> cache_hits{0};
    std::atomic<std::uint64_t> verifications{0};
    std::atomic<std::uint64_t> bad_signatures{0};
    std::atomic<std::uint64_t> unknown_keys{0};
    std::atomic<std::uint64_t> introspections{0};
    std::atomic<std::uint64_t> introspection_failures{0};
  };

  // here returns the worker's current key set, valid until the current event ends; null when there
  // is none yet, or the last good one has grown too old.
  const KeySet* here(unsigned worker) const { return live_.here(worker); }

  // ask_for_newer tells control that a token named a key which is not there. It costs one store;
  // control decides whether and when to look.
  void ask_for_newer() const { newer_wanted_.store(true, std::memory_order_relaxed); }
  bool take_request() const { return newer_wanted_.exchange(false, std::memory_order_relaxed); }

  // publish is for control; `done` runs there when every worker has the set.
  void publish(
      event::Broadcast& broadcast, std::shared_ptr<const KeySet> keys,
      std::function<void()> done = [] {}) {
    live_.publish(broadcast, std::move(keys), std::move(done));
  }

  Counters& counters(unsigned worker) const { return counters_[worker]; }
  // total sums one counter over all workers.
  std::uint64_t total(std::atomic<std::uint64_t> Counters::*counter) const {
    std::uint64_t sum = 0;
    for (const Counters& each : counters_) sum += (each.*counter).load(std::memory_order_relaxed);
    return sum;
  }

 private:
  event::Live<KeySet> live_;
  mutable std::atomic<bool> newer_wanted_{false};
  mutable std::array<Counters, event::Worker::kMaxWorkers> counters_{};
};

// count adds one without a locked instruction: the counter has one writer.
inline void count(std::atomic<std::uint64_t>& counter) {
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace sallyport::bearer
