#include "gateway/base/clock_watch.h"

#include <cstdlib>

namespace sallyport {

ClockReading read_clocks() { return {wall_now(), boot_now()}; }

void ClockWatch::begin_trial(const ClockReading& now, std::int64_t distance_ms) {
  distance_ms_ = distance_ms;
  since_ = now.boot;
}

std::optional<Milliseconds> ClockWatch::look(const ClockReading& now) {
  const std::int64_t distance_ms = now.wall.unix_ms - now.boot.us / 1000;
  if (!has_looked_) {
    has_looked_ = true;
    begin_trial(now, distance_ms);
    return std::nullopt;
  }
  const std::int64_t step_ms = distance_ms - distance_ms_;
  if (std::abs(step_ms) > kTolerance.count()) {
    is_settled_ = false;
    jump_ = Milliseconds(step_ms);
    begin_trial(now, distance_ms);
    return jump_;
  }
  // A trial that was passed is followed by the next: what a clock drifts in days is no jump.
  if (since_ + trial_ <= now.boot) {
    is_settled_ = true;
    begin_trial(now, distance_ms);
  }
  return std::nullopt;
}

}  // namespace sallyport
