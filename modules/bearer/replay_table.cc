#include "modules/bearer/replay_table.h"

#include <algorithm>
#include <bit>

namespace sallyport::bearer {
namespace {

constexpr std::uint64_t tag_of(std::uint64_t slot, int time_bits) { return slot >> time_bits; }

}  // namespace

ReplayTable::ReplayTable(std::size_t entries, std::int64_t now)
    : start_(now - 1),
      mask_(std::bit_ceil(std::max(entries, kWays)) / kWays - 1),
      slots_(std::make_unique<Slot[]>((mask_ + 1) * kWays)) {}

bool ReplayTable::is_live(std::uint64_t slot, std::int64_t now) const {
  constexpr std::uint64_t kTimeMask = (std::uint64_t{1} << kTimeBits) - 1;
  return slot != 0 && static_cast<std::int64_t>(slot & kTimeMask) >= now - start_;
}

bool ReplayTable::found_beside(Slot* bucket, std::size_t mine, std::uint64_t tag,
                               std::int64_t now) const {
  for (std::size_t i = 0; i < kWays; ++i) {
    const std::uint64_t slot = bucket[i].load();
    if (i != mine && is_live(slot, now) && tag_of(slot, kTimeBits) == tag) return true;
  }
  return false;
}

// Everything here is sequentially consistent. Who writes its slot and then finds the tag in no
// other is the only one: another that wrote before would have been seen, and one that writes later
// sees this one. When two see each other, both take back what they wrote, and neither is fresh.
ReplayTable::Outcome ReplayTable::insert(std::string_view what, std::int64_t now,
                                         std::int64_t until) {
  constexpr int kMaxTries = 32;
  constexpr std::uint64_t kLastSecond = (std::uint64_t{1} << kTimeBits) - 1;
  const crypto::Hash128 hash = hash_.hash128(what);
  const std::uint64_t tag = std::max<std::uint64_t>(1, hash.high >> kTimeBits);
  const auto end = static_cast<std::uint64_t>(std::max<std::int64_t>(1, until - start_));
  const std::uint64_t mine = (tag << kTimeBits) | std::min(end, kLastSecond);
  Slot* bucket = &slots_[(hash.low & mask_) * kWays];
  for (int tries = 0; tries < kMaxTries; ++tries) {
    if (found_beside(bucket, kWays, tag, now)) return Outcome::replayed;
    std::size_t at = 0;
    std::uint64_t old = 0;
    for (; at < kWays; ++at) {
      old = bucket[at].load();
      if (!is_live(old, now)) break;
    }
    if (at == kWays) return Outcome::full;
    if (!bucket[at].compare_exchange_strong(old, mine)) continue;
    if (!found_beside(bucket, at, tag, now)) return Outcome::fresh;
    std::uint64_t written = mine;
    bucket[at].compare_exchange_strong(written, 0);
    return Outcome::replayed;
  }
  return Outcome::full;
}

std::size_t ReplayTable::used(std::int64_t now) const {
  std::size_t count = 0;
  for (std::size_t i = 0; i < capacity(); ++i) {
    if (is_live(slots_[i].load(), now)) ++count;
  }
  return count;
}

}  // namespace sallyport::bearer
