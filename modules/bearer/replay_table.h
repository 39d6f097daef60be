#pragma once

// ReplayTable knows which DPoP proofs were used lately (RFC 9449 section 11.1), exactly and for all
// workers at once: of two presentations of one proof at most one is fresh, on whatever workers they
// arrive. Its size is fixed, nobody locks, and when it is full nothing is fresh.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "gateway/crypto/siphash.h"

namespace sallyport::bearer {

class ReplayTable {
 public:
  enum class Outcome : std::uint8_t { fresh, replayed, full };

  // `entries` is rounded up to a power of two; each takes 8 bytes. `now` is in Unix seconds.
  ReplayTable(std::size_t entries, std::int64_t now);

  // insert remembers `what` until the second `until`; any thread may call it.
  Outcome insert(std::string_view what, std::int64_t now, std::int64_t until);

  std::size_t capacity() const { return (mask_ + 1) * kWays; }
  // used counts those that are remembered at `now`, in time that grows with the capacity.
  std::size_t used(std::int64_t now) const;

 private:
  // A slot holds 36 bits of a keyed hash above 28 bits of seconds; zero is free. Together with the
  // bucket's number two proofs look the same once in 2^36 times 16, and then one is refused.
  using Slot = std::atomic<std::uint64_t>;
  static constexpr std::size_t kWays = 16;
  static constexpr int kTimeBits = 28;

  bool is_live(std::uint64_t slot, std::int64_t now) const;
  // found_beside says whether a live slot of the bucket other than `mine` has the tag.
  bool found_beside(Slot* bucket, std::size_t mine, std::uint64_t tag, std::int64_t now) const;

  const crypto::SipKey hash_ = crypto::SipKey::random();
  const std::int64_t start_;  // times are counted from here
  const std::size_t mask_;
  const std::unique_ptr<Slot[]> slots_;
};

}  // namespace sallyport::bearer
