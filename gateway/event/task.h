#pragma once

// Task<T> is work in flight whose result will come later, on the same worker. Promise<T> is the
// side that will deliver it. The contract (design: "How waiting works"):
//   - a task completes at most once, on the loop that it was made for;
//   - never inside the call that made it: completion goes through the loop's ready list;
//   - destroying the task cancels it: the continuation will not run, and the promise is told.

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/base/result.h"
#include "gateway/event/loop.h"

namespace sallyport::event {

namespace internal {

template <class T>
struct TaskState final : Ready {
  explicit TaskState(Loop& owner) : loop(owner) {}

  void run() override {
    auto then = std::move(continuation);
    auto result = std::move(*value);
    value.reset();
    then(std::move(result));  // may destroy this
  }
  void try_finish() {
    if (value && continuation) loop.enqueue(*this);
  }

  Loop& loop;
  std::optional<Result<T>> value;
  std::function<void(Result<T>)> continuation;
  std::function<void()> on_cancel;
  bool delivered = false;
};

}  // namespace internal

template <class T>
class Task {
 public:
  Task() = default;
  Task(Task&&) noexcept = default;
  Task& operator=(Task&& other) noexcept {
    cancel();
    state_ = std::move(other.state_);
    return *this;
  }
  ~Task() { cancel(); }

  // then names the continuation; at most one. It runs from the ready list.
  void then(std::function<void(Result<T>)> continuation) {
    SALLYPORT_CHECK(state_ && !state_->continuation);
    state_->continuation = std::move(continuation);
    state_->try_finish();
  }

  void cancel() {
    if (!state_) return;
    auto state = std::move(state_);
    state->cancel_run();
    state->continuation = nullptr;
    if (!state->delivered && state->on_cancel) std::exchange(state->on_cancel, nullptr)();
  }

  bool is_pending() const { return state_ != nullptr; }

 private:
  template <class>
  friend class Promise;
  std::shared_ptr<internal::TaskState<T>> state_;
};

template <class T>
class Promise {
 public:
  explicit Promise(Loop& loop) : state_(std::make_shared<internal::TaskState<T>>(loop)) {
    task_ = state_;
  }

  // task may be taken once.
  Task<T> task() {
    SALLYPORT_CHECK(state_ != nullptr);
    Task<T> task;
    task.state_ = std::exchange(state_, nullptr);
    return task;
  }

  // complete delivers the result; it does nothing when the task is gone or was completed before.
  void complete(Result<T> result) {
    auto state = task_.lock();
    if (!state || state->delivered) return;
    state->delivered = true;
    state->value.emplace(std::move(result));
    state->try_finish();
  }

  // is_wanted says whether anybody still holds the task.
  bool is_wanted() const { return !task_.expired(); }
  // on_cancel is called when the task is destroyed before completion.
  void on_cancel(std::function<void()> told) {
    if (auto state = task_.lock()) state->on_cancel = std::move(told);
  }

 private:
  std::shared_ptr<internal::TaskState<T>> state_;
  std::weak_ptr<internal::TaskState<T>> task_;
};

}  // namespace sallyport::event
