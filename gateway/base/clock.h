#pragma once

// Time as the gateway uses it: wall time for claims, certificates and logs; monotonic time for
// timeouts. Nobody on a request's way asks the kernel: a worker reads both once per wake-up.

#include <time.h>

#include <chrono>
#include <cstdint>

namespace sallyport {

using Seconds = std::chrono::seconds;
using Milliseconds = std::chrono::milliseconds;

// WallTime is milliseconds since the Unix epoch, UTC.
struct WallTime {
  std::int64_t unix_ms = 0;

  std::int64_t unix_seconds() const { return unix_ms / 1000; }
  friend bool operator==(WallTime, WallTime) = default;
};

// MonoTime is microseconds of the monotonic clock.
struct MonoTime {
  std::int64_t us = 0;

  friend bool operator==(MonoTime, MonoTime) = default;
  friend auto operator<=>(MonoTime, MonoTime) = default;
};

inline WallTime wall_now() {
  using std::chrono::system_clock;
  return {std::chrono::duration_cast<Milliseconds>(system_clock::now().time_since_epoch()).count()};
}

inline MonoTime mono_now() {
  using std::chrono::steady_clock;
  return {
      std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now().time_since_epoch())
          .count()};
}

// boot_now is the clock that nobody sets and that goes on while the machine is suspended
// (CLOCK_BOOTTIME). A system call: nothing for a request's way.
inline MonoTime boot_now() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return {std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000};
}

inline MonoTime operator+(MonoTime t, Milliseconds d) { return {t.us + d.count() * 1000}; }

}  // namespace sallyport
