#pragma once

// RevocationTable maps 128-bit hashes to revocations. One thread writes; any number of others read
// at the same time, without waiting for anybody: no lock, no retry, a bounded number of steps.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "gateway/crypto/siphash.h"

namespace sallyport::revocation {

// Mark says which tokens are revoked, and until when that is remembered. Unix seconds.
struct Mark {
  std::int64_t cutoff = 0;   // tokens issued at this time or earlier
  std::int64_t expires = 0;  // greater than zero

  friend bool operator==(const Mark&, const Mark&) = default;
};

class RevocationTable {
  class Slots;

 public:
  // A generation of slots that was replaced. It must live until no reader that was at work when it
  // was replaced is still at it.
  using Retired = std::shared_ptr<const void>;

  RevocationTable();
  ~RevocationTable();
  RevocationTable(const RevocationTable&) = delete;
  RevocationTable& operator=(const RevocationTable&) = delete;

  // find may be called by any thread.
  std::optional<Mark> find(const crypto::Hash128& key) const noexcept;

  // The rest is the writer's. put adds or replaces; false: the key was there already.
  bool put(const crypto::Hash128& key, const Mark& mark);
  // erase says whether the key was there.
  bool erase(const crypto::Hash128& key);
  std::size_t size() const { return live_; }
  // take_retired hands over the slots that were replaced since it was last called.
  std::vector<Retired> take_retired();

 private:
  void grow();

  std::shared_ptr<Slots> slots_;  // the writer's hold on what current_ points to
  std::atomic<const Slots*> current_;
  std::vector<Retired> retired_;
  std::size_t live_ = 0;
};

}  // namespace sallyport::revocation
