#pragma once

// Worker is a thread with its own loop that shares nothing with the others. Workers are numbered
// from zero; the number indexes everything that exists once per worker.

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "gateway/event/loop.h"

namespace sallyport::event {

class Worker {
 public:
  static constexpr unsigned kMaxWorkers = 64;

  explicit Worker(unsigned index) : index_(index) {}
  ~Worker() { stop_and_join(); }

  unsigned index() const { return index_; }
  Loop& loop() { return loop_; }

  // start runs the loop on a thread of its own, after `prepare` has run there.
  void start(std::function<void()> prepare);
  void stop_and_join();

 private:
  const unsigned index_;
  Loop loop_;
  std::thread thread_;
};

}  // namespace sallyport::event
