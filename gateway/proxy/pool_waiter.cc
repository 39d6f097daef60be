#include "gateway/proxy/pool_waiter.h"

namespace sallyport::proxy {

void PoolQueue::push(PoolWaiter& waiter, MonoTime until) {
  waiter.until_ = until;
  waiter.is_waiting_ = true;
  waiter.next_ = nullptr;
  waiter.previous_ = last_;
  (last_ != nullptr ? last_->next_ : first_) = &waiter;
  last_ = &waiter;
  ++size_;
}

void PoolQueue::remove(PoolWaiter& waiter) {
  if (!waiter.is_waiting_) return;
  (waiter.previous_ != nullptr ? waiter.previous_->next_ : first_) = waiter.next_;
  (waiter.next_ != nullptr ? waiter.next_->previous_ : last_) = waiter.previous_;
  waiter.previous_ = waiter.next_ = nullptr;
  waiter.is_waiting_ = false;
  --size_;
}

PoolWaiter* PoolQueue::pop() {
  PoolWaiter* first = first_;
  if (first != nullptr) remove(*first);
  return first;
}

PoolWaiter* PoolQueue::pop_late(MonoTime now) {
  return first_ != nullptr && first_->until_ <= now ? pop() : nullptr;
}

}  // namespace sallyport::proxy
