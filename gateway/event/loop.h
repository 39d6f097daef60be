#pragma once

// Loop is one thread's event loop: socket readiness, timers, work posted by other threads, and the
// ready list, which runs continuations on an empty stack. Only this room knows libevent.
//
// It goes in turns: what is ready of sockets, timers and mail is served once, then one round of the
// ready list, which is bounded. So whatever enqueues itself again and again, sockets, timers and
// mail are looked at between two rounds.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "gateway/base/clock.h"

struct event;
struct event_base;

namespace sallyport::event {

class Loop;

// Ready is something that wants to run soon, on its loop, with nothing of the caller below it on
// the stack. Destroying it (or calling cancel_run) takes it off the list.
class Ready {
 public:
  Ready() = default;
  Ready(const Ready&) = delete;
  Ready& operator=(const Ready&) = delete;
  virtual ~Ready() { cancel_run(); }

  virtual void run() = 0;
  void cancel_run();

 private:
  friend class Loop;
  Ready* previous_ = nullptr;
  Ready* next_ = nullptr;
  std::uint32_t round_ = 0;  // in which it ran last
  std::uint32_t runs_ = 0;   // how often in that round
};

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // run returns after stop. It belongs to one thread from its first call on.
  void run();
  // run_once handles what is ready without waiting, for tests.
  void run_once();
  // stop ends run after the current callback; any thread may call it.
  void stop();

  // post runs `work` on this loop's thread; any thread may call it, and waits for nobody: work is
  // pushed without a lock. It allocates and makes a system call, so it has no place on the way of
  // an ordinary request.
  void post(std::function<void()> work);

  // enqueue runs `ready` after the current callback has returned, first come, first served.
  // Enqueuing twice is once.
  void enqueue(Ready& ready);

  // A round runs no more than kMostRuns in all, and ends before one object has run more than
  // kMostRunsOfOne times: a request takes a few steps, each of which enqueues the next, and should
  // not need a poll for each; an object with endless work should.
  static constexpr std::uint32_t kMostRuns = 128;
  static constexpr std::uint32_t kMostRunsOfOne = 4;

  // The clock is read once per wake-up.
  WallTime wall() const { return wall_; }
  MonoTime mono() const { return mono_; }
  // refresh_clock re-reads the clock in the middle of a wake-up that did something long.
  void refresh_clock();

  event_base* base() const { return base_.get(); }

 private:
  struct BaseFree {
    void operator()(event_base* base) const;
  };
  struct EventFree {
    void operator()(struct ::event* event) const;
  };
  friend class Watch;
  friend class Timer;
  friend class Signal;
  friend class HttpServer;

  static void mail_cb(int fd, short what, void* self) noexcept;
  void turn(int flags);
  void run_mail();
  void run_round() noexcept;
  bool may_run(Ready& ready) const;
  bool has_ready() const;
  // woken is called at the start of every libevent callback.
  void woken() {
    if (!clock_is_fresh_) refresh_clock();
  }

  std::unique_ptr<event_base, BaseFree> base_;
  std::unique_ptr<struct ::event, EventFree> mail_event_;
  int mail_fd_ = -1;
  WallTime wall_{};
  MonoTime mono_{};
  bool clock_is_fresh_ = false;
  std::uint32_t round_ = 0;
  std::atomic<bool> stopping_{false};
  // A sentinel of the circular list of what wants to run.
  struct Sentinel;
  std::unique_ptr<Sentinel> ready_;

  // What was posted, the last first.
  struct Mail {
    std::function<void()> work;
    Mail* before;
  };
  static Mail* in_order(Mail* last);
  std::atomic<Mail*> mail_{nullptr};
};

}  // namespace sallyport::event
