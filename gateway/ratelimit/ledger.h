#pragma once

// Ledger is what the workers took out of buckets since control last looked: one page a worker,
// written on its thread alone, so that nothing is locked. What a full page cannot hold is dropped
// and counted; it is limited here all the same.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "gateway/crypto/siphash.h"
#include "gateway/event/worker.h"

namespace sallyport::ratelimit {

// Tier says in which of a state's tables a key is.
enum class Tier : std::uint8_t { strangers, partners };

struct Taken {
  crypto::Hash128 key;
  std::int64_t amount_ns = 0;
  Tier tier = Tier::strangers;
};

class Ledger {
 public:
  static constexpr std::size_t kKeysPerPage = 4096;

  // open makes the page of a worker, on that worker, before the first add.
  void open(unsigned worker);
  void add(unsigned worker, const crypto::Hash128& key, std::int64_t amount_ns, Tier tier);
  // take hands over a worker's page and begins a new one, on that worker.
  std::vector<Taken> take(unsigned worker);
  // dropped counts what found no room; any thread.
  std::uint64_t dropped() const;

 private:
  struct Page {
    std::array<Taken, kKeysPerPage> entries;  // amount zero: free
    std::vector<std::uint16_t> used;
  };
  struct alignas(64) Seat {
    std::unique_ptr<Page> page;
    std::atomic<std::uint64_t> dropped{0};
  };
  std::array<Seat, event::Worker::kMaxWorkers> seats_;
};

}  // namespace sallyport::ratelimit
