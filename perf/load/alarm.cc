#include "perf/load/alarm.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "gateway/base/check.h"

namespace sallyport::perf {

Alarm::Alarm(event::Loop& loop, std::function<void()> ring)
    : ring_(std::move(ring)),
      fd_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
      watch_(loop, fd_, static_cast<event::WatchHandler&>(*this)) {
  SALLYPORT_CHECK(fd_ >= 0);
  watch_.want_read(true);
}

Alarm::~Alarm() {
  watch_.want(false, false);
  ::close(fd_);
}

void Alarm::set(MonoTime when) {
  const itimerspec time{{}, {when.us / 1'000'000, when.us % 1'000'000 * 1000}};
  SALLYPORT_CHECK(timerfd_settime(fd_, TFD_TIMER_ABSTIME, &time, nullptr) == 0);
}

void Alarm::on_readable() {
  std::uint64_t rung = 0;
  if (read(fd_, &rung, sizeof rung) == sizeof rung) ring_();
}

}  // namespace sallyport::perf
