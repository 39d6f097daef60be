#include "gateway/event/watch.h"

#include <event2/event.h>

#include <algorithm>

#include "gateway/base/check.h"

namespace sallyport::event {
namespace {

timeval to_timeval(std::int64_t us) {
  us = std::max<std::int64_t>(us, 0);
  return {static_cast<time_t>(us / 1'000'000), static_cast<suseconds_t>(us % 1'000'000)};
}

}  // namespace

Watch::Watch(Loop& loop, int fd, WatchHandler& handler) : loop_(loop), handler_(handler), fd_(fd) {
  event_assign(&event_, loop.base(), fd, 0, event_cb, this);
}

Watch::~Watch() {
  if (read_ || write_) event_del(&event_);
}

void Watch::want(bool readable, bool writable) {
  if (readable == read_ && writable == write_) return;
  if (read_ || write_) event_del(&event_);
  read_ = readable;
  write_ = writable;
  if (!readable && !writable) return;
  const int what = EV_PERSIST | (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0);
  event_assign(&event_, loop_.base(), fd_, static_cast<short>(what), event_cb, this);
  SALLYPORT_CHECK(event_add(&event_, nullptr) == 0);
}

void Watch::event_cb(int, short what, void* self) noexcept {
  auto& watch = *static_cast<Watch*>(self);
  watch.loop_.woken();
  // One call an event: the handler may destroy this watch.
  if ((what & EV_WRITE) != 0) return watch.handler_.on_writable();
  watch.handler_.on_readable();
}

Timer::Timer(Loop& loop, TimerHandler& handler) : loop_(loop), handler_(handler) {
  event_assign(&event_, loop.base(), -1, 0, event_cb, this);
}

Timer::~Timer() {
  if (waiting_.us != 0) event_del(&event_);
}

void Timer::arm(Milliseconds delay) {
  due_ = loop_.mono() + delay;
  if (waiting_.us != 0 && waiting_ <= due_) return;
  wait_until(due_);
}

void Timer::wait_until(MonoTime when) {
  const timeval delay = to_timeval(when.us - loop_.mono().us);
  SALLYPORT_CHECK(event_add(&event_, &delay) == 0);
  waiting_ = when;
}

void Timer::event_cb(int, short, void* self) noexcept {
  auto& timer = *static_cast<Timer*>(self);
  timer.loop_.woken();
  timer.waiting_ = {};
  if (timer.due_.us == 0) return;
  if (timer.due_ > timer.loop_.mono()) return timer.wait_until(timer.due_);
  timer.due_ = {};
  timer.handler_.on_timer();
}

Signal::Signal(Loop& loop, int number, std::function<void()> on_signal)
    : loop_(loop), on_signal_(std::move(on_signal)) {
  event_assign(&event_, loop.base(), number, EV_SIGNAL | EV_PERSIST, event_cb, this);
  SALLYPORT_CHECK(event_add(&event_, nullptr) == 0);
}

Signal::~Signal() { event_del(&event_); }

void Signal::event_cb(int, short, void* self) noexcept {
  auto& signal = *static_cast<Signal*>(self);
  signal.loop_.woken();
  signal.on_signal_();
}

Every::Every(Loop& loop, Milliseconds period, std::function<void()> work)
    : period_(period), work_(std::move(work)), timer_(loop, *this) {
  timer_.arm(period_);
}

void Every::set_period(Milliseconds period) {
  period_ = period;
  timer_.arm(period_);
}

void Every::on_timer() {
  timer_.arm(period_);
  work_();
}

}  // namespace sallyport::event
