#include "gateway/ratelimit/key_table.h"

#include <algorithm>
#include <bit>

namespace sallyport::ratelimit {
namespace {

std::size_t sets_for(std::size_t keys, std::size_t ways) {
  return std::bit_ceil(std::max<std::size_t>(1, (keys + ways - 1) / ways));
}

}  // namespace

KeyTable::KeyTable(std::size_t keys)
    : mask_(sets_for(keys, kWays) - 1),
      sets_(new Set[mask_ + 1]),
      tickets_(new std::atomic<bool>[mask_ + 1]) {
  for (std::size_t i = 0; i <= mask_; ++i) tickets_[i].store(false, std::memory_order_relaxed);
}

void KeyTable::pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

void KeyTable::take_back(Slot& slot, std::int64_t amount) {
  std::int64_t value = slot.value.load(std::memory_order_relaxed);
  for (;;) {
    if (value == kMoving) return;  // on its way to another key, it gets a new number anyway
    const std::int64_t less = value - amount;
    const std::int64_t next =
        amount > 0 ? std::max<std::int64_t>(0, less) : std::min<std::int64_t>(0, less);
    if (slot.value.compare_exchange_weak(value, next, std::memory_order_acq_rel,
                                         std::memory_order_relaxed)) {
      return;
    }
  }
}

KeyTable::Slot* KeyTable::find_in(Set& set, std::uint64_t tag) const {
  for (Slot& slot : set.slots) {
    if (slot.tag.load(std::memory_order_acquire) == tag) return &slot;
  }
  return nullptr;
}

KeyTable::Slot* KeyTable::find(const crypto::Hash128& key) const {
  Slot* found = find_in(sets_[first_set(key)], tag_of(key));
  return found != nullptr ? found : find_in(sets_[second_set(key)], tag_of(key));
}

KeyTable::Slot* KeyTable::claim(const crypto::Hash128& key, std::int64_t now) {
  std::atomic<bool>& ticket = tickets_[first_set(key)];
  for (int tries = 0; ticket.exchange(true, std::memory_order_acquire); ++tries) {
    if (tries == kTries) return nullptr;
    pause();
  }
  Slot* slot = find(key);  // another worker may have been faster
  if (slot == nullptr) slot = take_idle(sets_[first_set(key)], tag_of(key), now);
  if (slot == nullptr) slot = take_idle(sets_[second_set(key)], tag_of(key), now);
  ticket.store(false, std::memory_order_release);
  return slot;
}

KeyTable::Slot* KeyTable::take_idle(Set& set, std::uint64_t tag, std::int64_t now) {
  for (Slot& slot : set.slots) {
    std::int64_t value = slot.value.load(std::memory_order_acquire);
    if (!is_idle(value, now)) continue;
    if (!slot.value.compare_exchange_strong(value, kMoving, std::memory_order_acq_rel,
                                            std::memory_order_relaxed)) {
      continue;
    }
    // The tag first: until there is a number again, nobody can take the slot for the old key's.
    if (slot.tag.exchange(tag, std::memory_order_acq_rel) != 0) {
      handovers_.fetch_add(1, std::memory_order_relaxed);
    }
    slot.value.store(0, std::memory_order_release);
    return &slot;
  }
  return nullptr;
}

std::size_t KeyTable::in_use(std::int64_t now) const {
  std::size_t count = 0;
  for (std::size_t i = 0; i <= mask_; ++i) {
    for (const Slot& slot : sets_[i].slots) {
      if (!is_idle(slot.value.load(std::memory_order_relaxed), now)) ++count;
    }
  }
  return count;
}

}  // namespace sallyport::ratelimit
