#pragma once

// ControlDoor is how a worker asks something that lives on the control thread, and hears its answer
// as a task. Plans keep doors, never services: a door may outlive what is behind it, and then
// answers with an error.

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "gateway/event/loop.h"
#include "gateway/event/task.h"

namespace sallyport::event {

template <class Target>
class ControlDoor : public std::enable_shared_from_this<ControlDoor<Target>> {
 public:
  template <class T>
  using Reply = std::function<void(Result<T>)>;

  // Control. open before a worker asks; close before the target ends.
  void open(Loop& control, Target& target) {
    target_ = &target;
    control_.store(&control, std::memory_order_release);
  }
  void close() { target_ = nullptr; }

  // Workers. ask has work(target, reply) done on control; the task completes on `mine`, the
  // worker's loop, when it replies.
  template <class T, class Work>
  Task<T> ask(Loop& mine, Work work) {
    auto promise = std::make_shared<Promise<T>>(mine);
    auto task = promise->task();
    Loop* control = control_.load(std::memory_order_acquire);
    if (control == nullptr) {
      promise->complete(gone());
      return task;
    }
    Reply<T> reply = [promise, &mine](Result<T> result) {
      mine.post([promise, result = std::move(result)] { promise->complete(result); });
    };
    control->post([self = this->shared_from_this(), work = std::move(work), reply] {
      if (self->target_ == nullptr) return reply(gone());
      work(*self->target_, reply);
    });
    return task;
  }

 private:
  static Error gone() { return {Fault::gateway, "the configuration was replaced"}; }

  std::atomic<Loop*> control_{nullptr};
  Target* target_ = nullptr;  // control's
};

}  // namespace sallyport::event
