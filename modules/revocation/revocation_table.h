#pragma once

// RevocationTable maps 128-bit hashes to revocations. One thread writes; any number of others read
// at the same time, without waiting for anybody: no lock, no retry, a bounded number of steps.
//
// A key's lower half says where it lies, so that keys which share it are found by one search. The
// table is cut into parts that grow each by itself: the writer never copies more than one part.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "gateway/crypto/siphash.h"

namespace sallyport::revocation {

// Mark says which tokens are revoked, and until when that is remembered. Unix seconds; times from
// the year 2106 on are kept as kAlways.
struct Mark {
  std::int64_t cutoff = 0;   // tokens issued at this time or earlier
  std::int64_t expires = 0;  // greater than zero

  friend bool operator==(const Mark&, const Mark&) = default;
};

class RevocationTable {
  class Slots;

 public:
  // A part's slots that were replaced. They must live until no reader that was at work when they
  // were replaced is still at it.
  using Retired = std::shared_ptr<const void>;

  RevocationTable();
  ~RevocationTable();
  RevocationTable(const RevocationTable&) = delete;
  RevocationTable& operator=(const RevocationTable&) = delete;

  // These may be called by any thread. prefetch fetches what a search for `low` reads first.
  void prefetch(std::uint64_t low) const noexcept;
  std::optional<Mark> find(const crypto::Hash128& key) const noexcept;
  // find_both looks for two keys with the same lower half at once.
  using Both = std::array<std::optional<Mark>, 2>;
  Both find_both(std::uint64_t low, std::uint64_t high, std::uint64_t other_high) const noexcept;

  // The rest is the writer's. put adds or replaces; false: the key was there already.
  bool put(const crypto::Hash128& key, const Mark& mark);
  // erase says whether the key was there.
  bool erase(const crypto::Hash128& key);
  std::size_t size() const { return live_; }
  std::size_t bytes() const;  // of memory, without what was retired
  // take_retired hands over the slots that were replaced since it was last called.
  std::vector<Retired> take_retired();

 private:
  static constexpr std::size_t kParts = 256;

  static std::size_t part_of(std::uint64_t low) { return low >> 56; }
  void grow(std::size_t part);

  // Null: nothing was ever put there.
  std::array<std::atomic<const Slots*>, kParts> current_{};
  std::array<std::shared_ptr<Slots>, kParts> slots_;  // the writer's hold on them
  std::vector<Retired> retired_;
  std::size_t live_ = 0;
};

}  // namespace sallyport::revocation
