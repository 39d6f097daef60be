#pragma once

// Token buckets: `rate` events a second on average, and as many at once as a full bucket holds.
//
// A bucket is the generic cell rate algorithm: one number, the time at which the bucket will be
// full, in nanoseconds of the monotonic clock. A bucket that nobody has used is full. An event
// moves the number on by one interval and is refused if that would be more than `burst` intervals
// from now. In any span of time at most burst + span / interval events pass; the interval is
// rounded up, so never more than configured.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "gateway/base/clock.h"

namespace sallyport {

struct TokenRate {
  std::int64_t interval_ns = 0;  // between two events, when the bucket is empty; zero: no limit
  std::int64_t burst = 0;        // what a full bucket holds; at least one

  // per_second: a rate of zero is no limit; `burst` becomes a whole number and at least one.
  static TokenRate per_second(double rate, double burst) {
    if (rate <= 0) return {};
    return {static_cast<std::int64_t>(std::ceil(1e9 / rate)),
            std::max<std::int64_t>(1, static_cast<std::int64_t>(burst))};
  }
  explicit operator bool() const { return interval_ns != 0; }
  std::int64_t depth_ns() const { return interval_ns * burst; }
};

// TokenLevel is what a bucket holds at a time.
struct TokenLevel {
  std::int64_t remaining = 0;
  std::int64_t full_in_ns = 0;
  std::int64_t next_in_ns = 0;  // until one event more will pass; zero: at once

  static TokenLevel of(const TokenRate& rate, std::int64_t full_at, std::int64_t now) {
    TokenLevel level;
    level.full_in_ns = std::max<std::int64_t>(0, full_at - now);
    level.remaining =
        std::max<std::int64_t>(0, rate.depth_ns() - level.full_in_ns) / rate.interval_ns;
    level.next_in_ns =
        std::max<std::int64_t>(0, level.full_in_ns + rate.interval_ns - rate.depth_ns());
    return level;
  }
};

// take_token returns when the bucket will be full after one event more; nothing: it is empty.
inline std::optional<std::int64_t> take_token(const TokenRate& rate, std::int64_t full_at,
                                              std::int64_t now) {
  const std::int64_t then = std::max(full_at, now) + rate.interval_ns;
  if (then - now > rate.depth_ns()) return std::nullopt;
  return then;
}

// TokenBucket is a bucket of one thread. Its rate may change from one call to the next.
class TokenBucket {
 public:
  bool take(const TokenRate& rate, MonoTime now) {
    const auto then = take_token(rate, full_at_, now.us * 1000);
    if (then) full_at_ = *then;
    return then.has_value();
  }
  bool is_full(MonoTime now) const { return full_at_ <= now.us * 1000; }
  // wait is how long until an event will pass, in milliseconds rounded up.
  Milliseconds wait(const TokenRate& rate, MonoTime now) const {
    const std::int64_t ns = TokenLevel::of(rate, full_at_, now.us * 1000).next_in_ns;
    return Milliseconds((ns + 999'999) / 1'000'000);
  }

 private:
  std::int64_t full_at_ = 0;
};

}  // namespace sallyport
