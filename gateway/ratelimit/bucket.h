#pragma once

// Token buckets and counts of requests under way, as steps on the numbers of a KeyTable.
//
// A bucket is the generic cell rate algorithm: its number is the time at which the bucket will be
// full, in nanoseconds of the monotonic clock. A request moves it on by one interval and is refused
// if that would be more than `burst` intervals from now. In any span of time at most
// burst + span / interval requests pass; the interval is rounded up, so never more than configured.
//
// A count is kept negative, so that it is idle at zero only.

#include <algorithm>
#include <cstdint>
#include <optional>

#include "gateway/ratelimit/key_table.h"

namespace sallyport::ratelimit {

struct Rate {
  std::int64_t interval_ns = 0;  // between two requests, when the bucket is empty; zero: no rate
  std::int64_t burst = 0;        // what a full bucket holds; at least one

  explicit operator bool() const { return interval_ns != 0; }
  std::int64_t depth_ns() const { return interval_ns * burst; }
};

// TakeOne takes one request out of a bucket.
struct TakeOne {
  Rate rate;
  std::int64_t now;

  std::optional<std::int64_t> next(std::int64_t full_at) const {
    const std::int64_t then = std::max(full_at, now) + rate.interval_ns;
    if (then - now > rate.depth_ns()) return std::nullopt;
    return then;
  }
  std::int64_t added(std::int64_t, std::int64_t) const { return rate.interval_ns; }
};

// RaiseTo makes a bucket at least as empty as it is elsewhere.
struct RaiseTo {
  std::int64_t full_at;
  std::int64_t now;

  std::optional<std::int64_t> next(std::int64_t before) const {
    if (full_at <= before || full_at <= now) return std::nullopt;
    return full_at;
  }
  std::int64_t added(std::int64_t before, std::int64_t next) const {
    return next - std::max(before, now);
  }
};

// Enter counts a request that begins, up to `most` at a time.
struct Enter {
  std::int64_t most;

  std::optional<std::int64_t> next(std::int64_t count) const {
    if (-count >= most) return std::nullopt;
    return count - 1;
  }
  std::int64_t added(std::int64_t, std::int64_t) const { return -1; }
};

// Level is what a bucket holds at a time.
struct Level {
  std::int64_t remaining = 0;
  std::int64_t full_in_ns = 0;
  std::int64_t next_in_ns = 0;  // until one request more will pass; zero: at once

  static Level of(const Rate& rate, std::int64_t full_at, std::int64_t now) {
    Level level;
    level.full_in_ns = std::max<std::int64_t>(0, full_at - now);
    level.remaining =
        std::max<std::int64_t>(0, rate.depth_ns() - level.full_in_ns) / rate.interval_ns;
    level.next_in_ns =
        std::max<std::int64_t>(0, level.full_in_ns + rate.interval_ns - rate.depth_ns());
    return level;
  }
};

}  // namespace sallyport::ratelimit
