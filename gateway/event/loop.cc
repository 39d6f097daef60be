#include "gateway/event/loop.h"

#include <event2/event.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "gateway/base/check.h"

namespace sallyport::event {

struct Loop::Sentinel final : Ready {
  void run() override {}
};

void Ready::cancel_run() {
  if (next_ == nullptr) return;
  previous_->next_ = next_;
  next_->previous_ = previous_;
  previous_ = next_ = nullptr;
}

void Loop::BaseFree::operator()(event_base* base) const { event_base_free(base); }
void Loop::EventFree::operator()(struct ::event* event) const { event_free(event); }

Loop::Loop() : ready_(std::make_unique<Sentinel>()) {
  ready_->previous_ = ready_->next_ = ready_.get();
  event_config* config = event_config_new();
  SALLYPORT_CHECK(config != nullptr);
  // Other threads reach this loop through mail_fd_ only, so libevent needs no locks of its own.
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
  base_.reset(event_base_new_with_config(config));
  event_config_free(config);
  mail_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  SALLYPORT_CHECK(base_ && mail_fd_ >= 0);
  mail_event_.reset(event_new(base_.get(), mail_fd_, EV_READ | EV_PERSIST, mail_cb, this));
  SALLYPORT_CHECK(mail_event_ && event_add(mail_event_.get(), nullptr) == 0);
  refresh_clock();
}

Loop::~Loop() {
  mail_event_.reset();
  if (mail_fd_ >= 0) close(mail_fd_);
  // Look-ups that were cancelled end here; nothing else is registered any more.
  event_base_loop(base_.get(), EVLOOP_NONBLOCK);
  while (ready_->next_ != ready_.get()) ready_->next_->cancel_run();
  ready_->previous_ = ready_->next_ = nullptr;
  // Nobody will do what was posted too late.
  for (Mail* next = mail_.exchange(nullptr, std::memory_order_acquire); next != nullptr;) {
    const std::unique_ptr<Mail> mail(std::exchange(next, next->before));
  }
}

void Loop::run() {
  while (!stopping_.load(std::memory_order_acquire)) turn(0);
}

void Loop::run_once() { turn(EVLOOP_NONBLOCK); }

// turn serves what is ready of sockets, timers and mail, and one round of the ready list. It waits
// for the former only where the list is empty.
void Loop::turn(int flags) {
  clock_is_fresh_ = false;
  event_base_loop(base_.get(), EVLOOP_ONCE | (has_ready() ? EVLOOP_NONBLOCK : flags));
  if (has_ready()) run_round();
}

void Loop::stop() {
  stopping_.store(true, std::memory_order_release);
  post([] {});
}

void Loop::post(std::function<void()> work) {
  Mail* mail = new Mail{std::move(work), mail_.load(std::memory_order_relaxed)};
  while (!mail_.compare_exchange_weak(mail->before, mail, std::memory_order_release,
                                      std::memory_order_relaxed)) {
  }
  const std::uint64_t one = 1;
  // The counter cannot overflow in practice, and a full counter is readable anyway.
  [[maybe_unused]] const auto written = write(mail_fd_, &one, sizeof one);
}

void Loop::mail_cb(int, short, void* self) noexcept { static_cast<Loop*>(self)->run_mail(); }

void Loop::run_mail() {
  woken();
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = read(mail_fd_, &count, sizeof count);
  // Nobody pops but this thread, and it takes all at once: no node can be seen twice.
  Mail* next = in_order(mail_.exchange(nullptr, std::memory_order_acquire));
  while (next != nullptr) {
    const std::unique_ptr<Mail> mail(std::exchange(next, next->before));
    mail->work();
  }
}

// in_order turns the list around and returns what was posted first.
Loop::Mail* Loop::in_order(Mail* last) {
  Mail* first = nullptr;
  while (last != nullptr) {
    Mail* const mail = std::exchange(last, last->before);
    mail->before = std::exchange(first, mail);
  }
  return first;
}

void Loop::enqueue(Ready& ready) {
  if (ready.next_ != nullptr) return;
  ready.previous_ = ready_->previous_;
  ready.next_ = ready_.get();
  ready_->previous_->next_ = &ready;
  ready_->previous_ = &ready;
}

bool Loop::has_ready() const { return ready_->next_ != ready_.get(); }

void Loop::run_round() noexcept {
  woken();
  ++round_;
  for (std::uint32_t runs = 0; runs < kMostRuns && has_ready(); ++runs) {
    Ready& first = *ready_->next_;
    if (!may_run(first)) return;
    first.cancel_run();
    first.run();
  }
}

// may_run counts how often an object runs in this round. One that may not ends the round: it keeps
// its place, and nothing overtakes it.
bool Loop::may_run(Ready& ready) const {
  if (ready.round_ != round_) {
    ready.round_ = round_;
    ready.runs_ = 0;
  }
  return ready.runs_++ < kMostRunsOfOne;
}

void Loop::refresh_clock() {
  wall_ = wall_now();
  mono_ = mono_now();
  clock_is_fresh_ = true;
}

}  // namespace sallyport::event
