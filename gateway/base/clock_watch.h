#pragma once

// ClockWatch says whether the wall clock may be believed when something is to be forgotten for
// good.
//
// The ends of revocations are wall time. A wall clock that jumps ahead for a second would end all
// of them. So it counts only after it has kept step with the clock that nobody sets
// (CLOCK_BOOTTIME, which counts suspended time too) for a while: from the start on, and from every
// jump on.

#include <cstdint>
#include <functional>
#include <optional>

#include "gateway/base/clock.h"

namespace sallyport {

struct ClockReading {
  WallTime wall;
  MonoTime boot;  // of CLOCK_BOOTTIME
};

ClockReading read_clocks();

// Clock is where the time comes from, and how long it is on trial.
struct Clock {
  std::function<ClockReading()> read = read_clocks;
  Seconds trial{600};
};

class ClockWatch {
 public:
  // The clocks may differ by so much within one trial: more than a clock drifts or is slewed, and
  // less than what would matter.
  static constexpr Milliseconds kTolerance{2000};

  explicit ClockWatch(Seconds trial) : trial_(trial) {}

  // look compares the clocks. It returns by how much the wall clock has jumped since the last look
  // (negative: back), if it has; its trial then begins again.
  std::optional<Milliseconds> look(const ClockReading& now);

  // is_settled says whether the wall clock has passed its trial, as of the last look.
  bool is_settled() const { return is_settled_; }
  // has_jumped says whether it has jumped, and not passed its trial since.
  bool has_jumped() const { return jump_.has_value() && !is_settled_; }
  // jump is the last one; meaningful with has_jumped.
  Milliseconds jump() const { return jump_.value_or(Milliseconds(0)); }
  Seconds trial() const { return trial_; }

 private:
  void begin_trial(const ClockReading& now, std::int64_t distance_ms);

  const Seconds trial_;
  bool has_looked_ = false;
  bool is_settled_ = false;
  std::int64_t distance_ms_ = 0;  // of the wall clock from the other, when the trial began
  MonoTime since_{};
  std::optional<Milliseconds> jump_;
};

}  // namespace sallyport
