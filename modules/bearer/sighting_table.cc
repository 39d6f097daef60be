#include "modules/bearer/sighting_table.h"

#include <algorithm>
#include <bit>

namespace sallyport::bearer {

SightingTable::SightingTable(std::size_t entries, std::int64_t now)
    : start_(now - 1),
      mask_(std::bit_ceil(std::max(entries, kWays)) / kWays - 1),
      slots_(std::make_unique<Slot[]>((mask_ + 1) * kWays)) {}

// Two workers that see a token for the first time in one moment may both enter it; whoever looks
// later takes the earlier of the two.
std::int64_t SightingTable::first_seen(std::string_view token, std::int64_t now) {
  constexpr int kMaxTries = 32;
  constexpr std::uint64_t kTimeMask = (std::uint64_t{1} << kTimeBits) - 1;
  const crypto::Hash128 hash = hash_.hash128(token);
  const std::uint64_t tag = std::max<std::uint64_t>(1, hash.high >> kTimeBits);
  const auto seconds = static_cast<std::uint64_t>(
      std::clamp<std::int64_t>(now - start_, 1, static_cast<std::int64_t>(kTimeMask)));
  Slot* bucket = &slots_[(hash.low & mask_) * kWays];
  for (int tries = 0; tries < kMaxTries; ++tries) {
    std::uint64_t found = 0;
    std::size_t oldest = 0;
    std::uint64_t oldest_slot = ~std::uint64_t{0};
    for (std::size_t i = 0; i < kWays; ++i) {
      const std::uint64_t slot = bucket[i].load();
      const std::uint64_t time = slot & kTimeMask;
      if (slot >> kTimeBits == tag && (found == 0 || time < found)) found = time;
      if (time < (oldest_slot & kTimeMask)) oldest = i, oldest_slot = slot;  // a free one has 0
    }
    if (found != 0) return start_ + static_cast<std::int64_t>(found);
    if (oldest_slot == ~std::uint64_t{0}) break;  // all at the end of time
    if (bucket[oldest].compare_exchange_strong(oldest_slot, tag << kTimeBits | seconds)) return now;
  }
  return now;
}

}  // namespace sallyport::bearer
