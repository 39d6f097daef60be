#pragma once

// PoolQueue is the line of requests that wait for a connection, first come first served. Waiters
// are links of it themselves, so that waiting allocates nothing.

#include <cstddef>

#include "gateway/base/clock.h"

namespace sallyport::proxy {

class PoolQueue;

class PoolWaiter {
 public:
  PoolWaiter() = default;
  PoolWaiter(const PoolWaiter&) = delete;
  PoolWaiter& operator=(const PoolWaiter&) = delete;
  virtual ~PoolWaiter() = default;

  // on_turn: taking will not put it into the queue again.
  virtual void on_turn() = 0;
  // on_waited: it was not its turn within the queue's time.
  virtual void on_waited() = 0;

 private:
  friend class PoolQueue;
  PoolWaiter* previous_ = nullptr;
  PoolWaiter* next_ = nullptr;
  MonoTime until_{};
  bool is_waiting_ = false;
};

class PoolQueue {
 public:
  void push(PoolWaiter& waiter, MonoTime until);
  void remove(PoolWaiter& waiter);
  // pop takes the first out; null when nobody waits.
  PoolWaiter* pop();
  // pop_late does so only when the first has waited until `now`.
  PoolWaiter* pop_late(MonoTime now);
  // first_until is when the first has waited long enough. Somebody waits.
  MonoTime first_until() const { return first_->until_; }

  bool empty() const { return first_ == nullptr; }
  std::size_t size() const { return size_; }
  static bool is_waiting(const PoolWaiter& waiter) { return waiter.is_waiting_; }

 private:
  PoolWaiter* first_ = nullptr;
  PoolWaiter* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace sallyport::proxy
