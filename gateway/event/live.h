#pragma once

// Live<T> is a value that control replaces while workers use it: one slot per worker, swapped
// between two events on that worker's own thread, so readers need neither lock nor atomic.

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include "gateway/event/worker.h"

namespace sallyport::event {

// Broadcast posts work to every running worker and tells control when all have done it.
class Broadcast {
 public:
  virtual ~Broadcast() = default;
  // to_all runs `work(worker)` on each worker, then `done` on the control loop. Before the workers
  // run and after they have stopped, everything runs at once on the calling (control) thread.
  virtual void to_all(std::function<void(unsigned worker)> work, std::function<void()> done) = 0;
};

template <class T>
class Live {
 public:
  // An empty Live yields nullptr until the first publish.
  Live() : slots_(std::make_shared<Slots>()) {}

  // here returns this worker's value: valid until the current event ends, null before the first
  // publish. pin returns one that may be kept.
  const T* here(unsigned worker) const { return (*slots_)[worker].value.get(); }
  std::shared_ptr<const T> pin(unsigned worker) const { return (*slots_)[worker].value; }

  // publish replaces the value on every worker; `done` runs on control when all have taken it.
  // Control thread only.
  void publish(
      Broadcast& broadcast, std::shared_ptr<const T> value, std::function<void()> done = [] {}) {
    broadcast.to_all([slots = slots_, value = std::move(value)](
                         unsigned worker) { (*slots)[worker].value = value; },
                     std::move(done));
  }

 private:
  struct alignas(64) Slot {
    std::shared_ptr<const T> value;
  };
  using Slots = std::array<Slot, Worker::kMaxWorkers>;
  std::shared_ptr<Slots> slots_;  // outlives this object while a publish is under way
};

}  // namespace sallyport::event
