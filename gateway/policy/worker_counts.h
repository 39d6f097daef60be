#pragma once

// WorkerCounts counts what happened, by an enumeration; every worker writes for itself, and control
// reads.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "gateway/event/worker.h"

namespace sallyport::policy {

template <class What, std::size_t kKinds>
class WorkerCounts {
 public:
  void add(unsigned worker, What what) {
    auto& count = workers_[worker].counts[static_cast<std::size_t>(what)];
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  std::uint64_t total(What what) const {
    std::uint64_t sum = 0;
    for (const Worker& worker : workers_) {
      sum += worker.counts[static_cast<std::size_t>(what)].load(std::memory_order_relaxed);
    }
    return sum;
  }

 private:
  struct alignas(64) Worker {
    std::array<std::atomic<std::uint64_t>, kKinds> counts{};
  };
  std::array<Worker, event::Worker::kMaxWorkers> workers_{};
};

}  // namespace sallyport::policy
