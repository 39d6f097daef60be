#pragma once

// Alarm rings at a moment of the monotonic clock, to the microsecond: the loop's own timers count
// milliseconds, and a request that is sent half a millisecond late looks half a millisecond slow.

#include <functional>

#include "gateway/base/clock.h"
#include "gateway/event/watch.h"

namespace sallyport::perf {

class Alarm final : private event::WatchHandler {
 public:
  Alarm(event::Loop& loop, std::function<void()> ring);
  ~Alarm();
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  // set replaces the moment that was set before; one that is past rings in the next round.
  void set(MonoTime when);

 private:
  void on_readable() override;
  void on_writable() override {}

  std::function<void()> ring_;
  int fd_;
  event::Watch watch_;
};

}  // namespace sallyport::perf
