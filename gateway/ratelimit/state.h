#pragma once

// LimitState is what outlives a configuration: the buckets and counts of all keys, and what was
// counted for the operator. Workers share it.

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "gateway/crypto/siphash.h"
#include "gateway/event/worker.h"
#include "gateway/ratelimit/key_table.h"
#include "gateway/ratelimit/ledger.h"

namespace sallyport::ratelimit {

// Tally is how often a limit said what, on one worker.
struct alignas(64) Tally {
  std::atomic<std::uint64_t> allowed{0};
  std::atomic<std::uint64_t> exceeded{0};
  std::atomic<std::uint64_t> concurrent{0};
  std::atomic<std::uint64_t> table_full{0};
};
using Tallies = std::array<Tally, event::Worker::kMaxWorkers>;

// add counts on the only thread that writes this tally.
inline void add_one(std::atomic<std::uint64_t>& count) {
  count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

class LimitState {
 public:
  LimitState(std::size_t keys, const crypto::SipKey& key);

  const crypto::SipKey& key() const { return key_; }
  KeyTable& buckets(Tier tier) { return tables_[static_cast<std::size_t>(tier)].buckets; }
  KeyTable& counts(Tier tier) { return tables_[static_cast<std::size_t>(tier)].counts; }

  // tallies returns those of the limit of that name, for as long as somebody holds them. Control
  // thread only, as is for_each_tallies.
  std::shared_ptr<Tallies> tallies(const std::string& limit);
  template <class Visit>
  void for_each_tallies(Visit visit) const {
    for (const auto& [name, held] : tallies_) {
      if (const auto tallies = held.lock()) visit(name, *tallies);
    }
  }

 private:
  struct Tables {
    explicit Tables(std::size_t keys) : buckets(keys), counts(keys) {}
    KeyTable buckets;
    KeyTable counts;
  };
  const crypto::SipKey key_;
  std::array<Tables, 2> tables_;  // by tier
  std::map<std::string, std::weak_ptr<Tallies>> tallies_;
};

}  // namespace sallyport::ratelimit
