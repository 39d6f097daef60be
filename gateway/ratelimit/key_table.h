#pragma once

// KeyTable holds one 64-bit number for each key that is in use, for all workers at once: a fixed
// number of slots, no locks, and no allocation after the start.
//
// A number from zero to now is idle: it says nothing that a new slot would not say, too. That is
// how the table stays within its size without forgetting: only idle slots change hands, and a key
// that finds none is told so. A key has sixteen slots to be in, in two sets chosen by its hash.
//
// Why no change is ever lost, while workers change numbers and hand over slots at the same time:
//   - a slot changes hands by a compare-and-swap from an idle number to kMoving, so whoever changed
//     the number just before wins, and whoever comes later sees kMoving and looks again;
//   - whoever changed a number looks at the slot's tag afterwards; if the slot has changed hands in
//     between, it takes its change back and looks again;
//   - a key gets a slot under the ticket of its set, so that two workers do not give it two. The
//     ticket is not waited for: after some tries the key is refused, as if the table were full.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>

#include "gateway/crypto/siphash.h"

namespace sallyport::ratelimit {

class KeyTable {
 public:
  struct Slot {
    std::atomic<std::uint64_t> tag{0};  // zero: never used
    std::atomic<std::int64_t> value{0};
  };

  struct Outcome {
    Slot* slot = nullptr;     // null: there is no room for the key
    std::int64_t before = 0;  // the number as it was found
    bool is_changed = false;  // false: the step did not want to
  };

  // The number of slots is `keys` rounded up to a power of two.
  explicit KeyTable(std::size_t keys);

  // change replaces the key's number by what `step.next(number)` returns, unless that is nothing.
  // `step.added(before, next)` is what to subtract if the change must be taken back. Any thread.
  template <class Step>
  Outcome change(const crypto::Hash128& key, std::int64_t now, const Step& step) {
    for (int tries = 0; tries < kTries; ++tries) {
      Slot* slot = find(key);
      if (slot == nullptr) slot = claim(key, now);
      if (slot == nullptr) return {};
      if (const auto outcome = change_here(*slot, tag_of(key), step); outcome.slot != nullptr) {
        return outcome;
      }
      pause();
    }
    return {};
  }

  // take_back subtracts what a change has added; it never goes past zero.
  static void take_back(Slot& slot, std::int64_t amount);

  std::size_t capacity() const { return (mask_ + 1) * kWays; }
  // in_use counts the numbers that are not idle; it looks at every slot.
  std::size_t in_use(std::int64_t now) const;
  // handovers is how often a slot went from one key to another.
  std::uint64_t handovers() const { return handovers_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kWays = 8;
  static constexpr int kTries = 64;
  static constexpr std::int64_t kMoving = std::numeric_limits<std::int64_t>::max();
  struct alignas(64) Set {
    std::array<Slot, kWays> slots;
  };

  static std::uint64_t tag_of(const crypto::Hash128& key) { return key.high == 0 ? 1 : key.high; }
  static bool is_idle(std::int64_t value, std::int64_t now) { return value >= 0 && value <= now; }
  static void pause();

  template <class Step>
  static Outcome change_here(Slot& slot, std::uint64_t tag, const Step& step) {
    std::int64_t before = slot.value.load(std::memory_order_acquire);
    while (before != kMoving) {
      const std::optional<std::int64_t> next = step.next(before);
      const bool is_changed =
          next && slot.value.compare_exchange_weak(before, *next, std::memory_order_acq_rel,
                                                   std::memory_order_acquire);
      if (next && !is_changed) continue;
      if (slot.tag.load(std::memory_order_acquire) == tag) return {&slot, before, is_changed};
      if (is_changed) take_back(slot, step.added(before, *next));
      break;
    }
    return {};
  }

  std::size_t first_set(const crypto::Hash128& key) const { return key.low & mask_; }
  std::size_t second_set(const crypto::Hash128& key) const { return (key.low >> 32) & mask_; }
  Slot* find(const crypto::Hash128& key) const;
  Slot* find_in(Set& set, std::uint64_t tag) const;
  Slot* claim(const crypto::Hash128& key, std::int64_t now);
  Slot* take_idle(Set& set, std::uint64_t tag, std::int64_t now);

  const std::size_t mask_;
  const std::unique_ptr<Set[]> sets_;
  const std::unique_ptr<std::atomic<bool>[]> tickets_;
  std::atomic<std::uint64_t> handovers_{0};
};

}  // namespace sallyport::ratelimit
