#pragma once

// Watch (readiness of a descriptor), Timer (one shot) and Signal. All call an object of an
// interface, not a closure: an idle connection holds one of each, and they must be small.

#include <event2/event_struct.h>

#include <functional>

#include "gateway/event/loop.h"

namespace sallyport::event {

class WatchHandler {
 public:
  virtual void on_readable() = 0;
  virtual void on_writable() = 0;

 protected:
  ~WatchHandler() = default;
};

// Watch tells its handler when a descriptor can be read or written. Level triggered, persistent;
// changing the interest to what it already is costs nothing.
class Watch {
 public:
  Watch(Loop& loop, int fd, WatchHandler& handler);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void want(bool readable, bool writable);
  void want_read(bool yes) { want(yes, write_); }
  void want_write(bool yes) { want(read_, yes); }
  bool wants_read() const { return read_; }
  bool wants_write() const { return write_; }

 private:
  static void event_cb(int fd, short what, void* self) noexcept;

  Loop& loop_;
  WatchHandler& handler_;
  struct ::event event_;
  int fd_;
  bool read_ = false;
  bool write_ = false;
};

class TimerHandler {
 public:
  virtual void on_timer() = 0;

 protected:
  ~TimerHandler() = default;
};

// Timer calls its handler once after a delay. Moving the due time later does not touch the kernel
// or the heap: the timer looks at the due time when it fires and goes on waiting (a request a
// millisecond on a keep-alive connection moves its idle timeout a thousand times a second).
class Timer {
 public:
  Timer(Loop& loop, TimerHandler& handler);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void arm(Milliseconds delay);
  void disarm() { due_ = {}; }
  bool is_armed() const { return due_.us != 0; }

 private:
  static void event_cb(int fd, short what, void* self) noexcept;
  void wait_until(MonoTime when);

  Loop& loop_;
  TimerHandler& handler_;
  struct ::event event_;
  MonoTime due_{};      // zero: disarmed
  MonoTime waiting_{};  // when libevent will wake us; zero: not at all
};

// Signal calls `on_signal` on the loop's thread. Control only.
class Signal {
 public:
  Signal(Loop& loop, int number, std::function<void()> on_signal);
  ~Signal();
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

 private:
  static void event_cb(int fd, short what, void* self) noexcept;

  Loop& loop_;
  std::function<void()> on_signal_;
  struct ::event event_;
};

// Every calls a function again and again on the loop's thread, for background tasks.
class Every final : private TimerHandler {
 public:
  Every(Loop& loop, Milliseconds period, std::function<void()> work);
  void set_period(Milliseconds period);

 private:
  void on_timer() override;
  Milliseconds period_;
  std::function<void()> work_;
  Timer timer_;
};

}  // namespace sallyport::event
