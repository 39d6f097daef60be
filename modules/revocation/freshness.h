#pragma once

// Freshness tells how long ago the set of revocations was last known to be complete: when its
// source last proved that it is alive and that everything it had to tell has been told. Control
// marks it; workers read it without waiting.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>

#include "gateway/base/clock.h"

namespace sallyport::revocation {

class Freshness {
 public:
  // Control: the set was complete at that time.
  void mark(MonoTime proof) { proof_us_.store(proof.us, std::memory_order_release); }

  // Any thread. age is how long before `now` that was, rounded up; nothing: never in this process's
  // life, and what is known comes from the disk.
  std::optional<Milliseconds> age(MonoTime now) const {
    const std::int64_t proof_us = proof_us_.load(std::memory_order_acquire);
    if (proof_us == kNever) return std::nullopt;
    return Milliseconds((std::max<std::int64_t>(now.us - proof_us, 0) + 999) / 1000);
  }

 private:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
  std::atomic<std::int64_t> proof_us_{kNever};
};

}  // namespace sallyport::revocation
