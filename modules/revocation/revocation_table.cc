#include "modules/revocation/revocation_table.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "modules/revocation/unit.h"

namespace sallyport::revocation {
namespace {

constexpr std::size_t kGroup = 8;      // slots whose tags are one word
constexpr std::size_t kGroupFull = 6;  // slots used of a group, on average, when a part is full
constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kHighBits = 0x8080808080808080;
constexpr std::uint64_t kErased = 0;  // as a mark

// A mark in one word, so that no reader sees half of one and half of another: 32 bits of seconds
// for each time. The last second stands for "always", and for all that is later.
constexpr std::int64_t kLast = std::numeric_limits<std::uint32_t>::max();

std::uint64_t packed(const Mark& mark) {
  const auto cutoff = static_cast<std::uint64_t>(std::clamp<std::int64_t>(mark.cutoff, 0, kLast));
  const auto expires = static_cast<std::uint64_t>(std::clamp<std::int64_t>(mark.expires, 1, kLast));
  return cutoff << 32 | expires;
}

std::int64_t time_of(std::uint64_t seconds) {
  const auto time = static_cast<std::int64_t>(seconds);
  return time == kLast ? kAlways : time;
}

Mark unpacked(std::uint64_t word) { return {time_of(word >> 32), time_of(word & 0xffffffff)}; }

// tag_of is a byte of the key; zero is kept for unused slots.
std::uint64_t tag_of(std::uint64_t low) {
  const std::uint64_t tag = low & 0xff;
  return tag == 0 ? 1 : tag;
}

// zero_bytes marks the zero bytes of a word by their highest bits, and no others: no carry goes
// from one byte to the next.
std::uint64_t zero_bytes(std::uint64_t word) {
  return ~(((word & ~kHighBits) + ~kHighBits) | word) & kHighBits;
}

struct Key {
  std::atomic<std::uint64_t> low{0};
  std::atomic<std::uint64_t> high{0};
};

}  // namespace

// Slots is an open-addressing table of one part. A search reads words of eight tags each until one
// has an unused slot; keys are read where a tag fits, one in forty groups by chance. A used slot
// keeps its key for good, so that no reader sees half of one key and half of another. At most three
// quarters of the slots are used, so that every search ends.
class alignas(64) RevocationTable::Slots {
 public:
  explicit Slots(std::size_t groups)
      : groups_(groups),
        tags_(new std::atomic<std::uint64_t>[groups]()),
        keys_(new Key[groups * kGroup]),
        marks_(new std::atomic<std::uint64_t>[groups * kGroup]()) {}

  bool is_full() const { return used_ + 1 > groups_ * kGroupFull; }
  std::size_t live() const { return live_; }
  std::size_t bytes() const {
    return sizeof *this +
           groups_ * (sizeof *tags_.get() + kGroup * (sizeof(Key) + sizeof *marks_.get()));
  }
  void prefetch(std::uint64_t low) const { __builtin_prefetch(&tags_[home_of(low)]); }

  // visit calls `see` with the slot of every key that has that lower half, until it returns false.
  template <class See>
  void visit(std::uint64_t low, See see) const {
    const std::uint64_t pattern = tag_of(low) * kOnes;
    std::size_t group = home_of(low);
    for (std::size_t steps = 0; steps < groups_; ++steps) {
      const std::uint64_t tags = tags_[group].load(std::memory_order_acquire);
      for (std::uint64_t fits = zero_bytes(tags ^ pattern); fits != 0; fits &= fits - 1) {
        const std::size_t slot =
            group * kGroup + static_cast<std::size_t>(std::countr_zero(fits)) / 8;
        if (keys_[slot].low.load(std::memory_order_relaxed) == low && !see(slot)) return;
      }
      if (zero_bytes(tags) != 0) return;
      if (++group == groups_) group = 0;
    }
  }

  std::uint64_t high(std::size_t slot) const {
    return keys_[slot].high.load(std::memory_order_relaxed);
  }
  std::optional<Mark> mark(std::size_t slot) const {
    const std::uint64_t word = marks_[slot].load(std::memory_order_acquire);
    if (word == kErased) return std::nullopt;
    return unpacked(word);
  }

  // The rest is the writer's.
  std::optional<std::size_t> slot_of(const crypto::Hash128& key) const {
    std::optional<std::size_t> found;
    visit(key.low, [&](std::size_t slot) {
      if (high(slot) == key.high) found = slot;
      return !found;
    });
    return found;
  }

  void set(std::size_t slot, std::uint64_t mark) {
    const std::uint64_t was = marks_[slot].exchange(mark, std::memory_order_release);
    if (was == kErased && mark != kErased) ++live_;
    if (was != kErased && mark == kErased) --live_;
  }

  // add takes a key that is not there; the part must not be full.
  void add(const crypto::Hash128& key, std::uint64_t mark) {
    std::size_t group = home_of(key.low);
    std::uint64_t tags = tags_[group].load(std::memory_order_relaxed);
    for (; zero_bytes(tags) == 0; tags = tags_[group].load(std::memory_order_relaxed)) {
      if (++group == groups_) group = 0;
    }
    const auto byte = static_cast<std::size_t>(std::countr_zero(zero_bytes(tags))) / 8;
    const std::size_t slot = group * kGroup + byte;
    keys_[slot].low.store(key.low, std::memory_order_relaxed);
    keys_[slot].high.store(key.high, std::memory_order_relaxed);
    marks_[slot].store(mark, std::memory_order_relaxed);
    tags_[group].store(tags | tag_of(key.low) << (8 * byte), std::memory_order_release);
    ++used_;
    ++live_;
  }

  void copy_live_to(Slots& other) const {
    for (std::size_t slot = 0; slot < groups_ * kGroup; ++slot) {
      const std::uint64_t mark = marks_[slot].load(std::memory_order_relaxed);
      if (mark != kErased)
        other.add({keys_[slot].low.load(std::memory_order_relaxed), high(slot)}, mark);
    }
  }

 private:
  std::size_t home_of(std::uint64_t low) const { return (low >> 24 & 0xffffffff) * groups_ >> 32; }

  const std::size_t groups_;
  const std::unique_ptr<std::atomic<std::uint64_t>[]> tags_;
  const std::unique_ptr<Key[]> keys_;
  const std::unique_ptr<std::atomic<std::uint64_t>[]> marks_;
  std::size_t used_ = 0;  // erased ones included
  std::size_t live_ = 0;
};

RevocationTable::RevocationTable() = default;
RevocationTable::~RevocationTable() = default;

void RevocationTable::prefetch(std::uint64_t low) const noexcept {
  const Slots* slots = current_[part_of(low)].load(std::memory_order_acquire);
  if (slots != nullptr) slots->prefetch(low);
}

std::optional<Mark> RevocationTable::find(const crypto::Hash128& key) const noexcept {
  return find_both(key.low, key.high, key.high)[0];
}

RevocationTable::Both RevocationTable::find_both(std::uint64_t low, std::uint64_t high,
                                                 std::uint64_t other_high) const noexcept {
  Both found;
  const Slots* slots = current_[part_of(low)].load(std::memory_order_acquire);
  if (slots == nullptr) return found;
  slots->visit(low, [&](std::size_t slot) {
    if (slots->high(slot) == high) found[0] = slots->mark(slot);
    if (slots->high(slot) == other_high) found[1] = slots->mark(slot);
    return true;
  });
  return found;
}

bool RevocationTable::put(const crypto::Hash128& key, const Mark& mark) {
  const std::size_t part = part_of(key.low);
  if (slots_[part] != nullptr) {
    if (const auto slot = slots_[part]->slot_of(key)) {
      const bool was_live = slots_[part]->mark(*slot).has_value();
      slots_[part]->set(*slot, packed(mark));
      if (!was_live) ++live_;
      return !was_live;
    }
  }
  if (slots_[part] == nullptr || slots_[part]->is_full()) grow(part);
  slots_[part]->add(key, packed(mark));
  ++live_;
  return true;
}

bool RevocationTable::erase(const crypto::Hash128& key) {
  const std::shared_ptr<Slots>& slots = slots_[part_of(key.low)];
  const auto slot = slots != nullptr ? slots->slot_of(key) : std::nullopt;
  if (!slot || !slots->mark(*slot)) return false;
  slots->set(*slot, kErased);
  --live_;
  return true;
}

std::size_t RevocationTable::bytes() const {
  std::size_t sum = sizeof *this;
  for (const auto& slots : slots_) sum += slots != nullptr ? slots->bytes() : 0;
  return sum;
}

// grow leaves the part half full; of what was erased nothing is kept, so that it may shrink as
// well.
void RevocationTable::grow(std::size_t part) {
  const std::size_t live = slots_[part] != nullptr ? slots_[part]->live() : 0;
  auto larger = std::make_shared<Slots>(((live + 1) * 2 + kGroup - 1) / kGroup);
  if (slots_[part] != nullptr) slots_[part]->copy_live_to(*larger);
  current_[part].store(larger.get(), std::memory_order_release);
  if (slots_[part] != nullptr) retired_.push_back(std::move(slots_[part]));
  slots_[part] = std::move(larger);
}

std::vector<RevocationTable::Retired> RevocationTable::take_retired() {
  return std::exchange(retired_, {});
}

}  // namespace sallyport::revocation
