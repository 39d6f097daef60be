#include "modules/revocation/revocation_table.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace sallyport::revocation {
namespace {

constexpr std::size_t kMinSlots = 256;
constexpr std::int64_t kDead = 0;  // as `expires`: erased

struct Slot {
  // high is written last and read first; zero: the slot was never used. A used slot keeps its key
  // for good, so that a reader never sees half of one key and half of another.
  std::atomic<std::uint64_t> high{0};
  std::atomic<std::uint64_t> low{0};
  std::atomic<std::int64_t> cutoff{0};
  std::atomic<std::int64_t> expires{kDead};
};

// named makes a key's upper half one that marks a used slot.
std::uint64_t named(std::uint64_t high) { return high == 0 ? 1 : high; }

}  // namespace

// Slots is an open-addressing table with linear probing. At most half of it is ever used, so that
// every search ends at an unused slot.
class RevocationTable::Slots {
 public:
  explicit Slots(std::size_t capacity) : mask_(capacity - 1), slots_(new Slot[capacity]) {}

  std::size_t capacity() const { return mask_ + 1; }
  bool is_full() const { return (used_ + 1) * 2 > capacity(); }

  struct Place {
    Slot& slot;
    bool is_used;  // as it was found: another key may take an unused slot at any moment
  };
  // find returns the key's slot, or the unused one where it would be.
  Place find(const crypto::Hash128& key) const {
    for (std::size_t at = key.low & mask_;; at = (at + 1) & mask_) {
      Slot& slot = slots_[at];
      const std::uint64_t high = slot.high.load(std::memory_order_acquire);
      if (high == 0) return {slot, false};
      if (high == named(key.high) && slot.low.load(std::memory_order_relaxed) == key.low) {
        return {slot, true};
      }
    }
  }

  void add(Slot& unused, const crypto::Hash128& key, const Mark& mark) {
    unused.low.store(key.low, std::memory_order_relaxed);
    unused.cutoff.store(mark.cutoff, std::memory_order_relaxed);
    unused.expires.store(mark.expires, std::memory_order_relaxed);
    unused.high.store(named(key.high), std::memory_order_release);
    ++used_;
  }

  template <class Visit>
  void for_each_live(Visit visit) const {
    for (std::size_t at = 0; at < capacity(); ++at) {
      const Slot& slot = slots_[at];
      const Mark mark{slot.cutoff.load(std::memory_order_relaxed),
                      slot.expires.load(std::memory_order_relaxed)};
      if (mark.expires == kDead) continue;
      visit(crypto::Hash128{slot.low.load(std::memory_order_relaxed),
                            slot.high.load(std::memory_order_relaxed)},
            mark);
    }
  }

 private:
  const std::size_t mask_;
  const std::unique_ptr<Slot[]> slots_;
  std::size_t used_ = 0;  // erased ones included; the writer's
};

RevocationTable::RevocationTable()
    : slots_(std::make_shared<Slots>(kMinSlots)), current_(slots_.get()) {}

RevocationTable::~RevocationTable() = default;

std::optional<Mark> RevocationTable::find(const crypto::Hash128& key) const noexcept {
  const auto place = current_.load(std::memory_order_acquire)->find(key);
  if (!place.is_used) return std::nullopt;
  const std::int64_t expires = place.slot.expires.load(std::memory_order_acquire);
  if (expires == kDead) return std::nullopt;
  return Mark{place.slot.cutoff.load(std::memory_order_relaxed), expires};
}

bool RevocationTable::put(const crypto::Hash128& key, const Mark& mark) {
  const auto place = slots_->find(key);
  if (place.is_used) {
    const bool was_live = place.slot.expires.load(std::memory_order_relaxed) != kDead;
    place.slot.cutoff.store(mark.cutoff, std::memory_order_relaxed);
    place.slot.expires.store(mark.expires, std::memory_order_release);
    if (!was_live) ++live_;
    return !was_live;
  }
  ++live_;
  if (slots_->is_full()) grow();
  slots_->add(slots_->find(key).slot, key, mark);
  return true;
}

bool RevocationTable::erase(const crypto::Hash128& key) {
  const auto place = slots_->find(key);
  if (place.slot.expires.load(std::memory_order_relaxed) == kDead) return false;
  place.slot.expires.store(kDead, std::memory_order_release);
  --live_;
  return true;
}

void RevocationTable::grow() {
  const std::size_t wanted = std::bit_ceil(live_ * 4);
  auto larger = std::make_shared<Slots>(std::max(kMinSlots, wanted));
  slots_->for_each_live([&](const crypto::Hash128& key, const Mark& mark) {
    larger->add(larger->find(key).slot, key, mark);
  });
  current_.store(larger.get(), std::memory_order_release);
  retired_.push_back(std::exchange(slots_, std::move(larger)));
}

std::vector<RevocationTable::Retired> RevocationTable::take_retired() {
  return std::exchange(retired_, {});
}

}  // namespace sallyport::revocation
