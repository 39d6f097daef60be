#pragma once

// Token buckets (base/token_bucket.h) and counts of requests under way, as steps on the numbers of
// a KeyTable. A count is kept negative, so that it is idle at zero only.

#include <algorithm>
#include <cstdint>
#include <optional>

#include "gateway/base/token_bucket.h"
#include "gateway/ratelimit/key_table.h"

namespace sallyport::ratelimit {

using Rate = TokenRate;
using Level = TokenLevel;

// TakeOne takes one request out of a bucket.
struct TakeOne {
  Rate rate;
  std::int64_t now;

  std::optional<std::int64_t> next(std::int64_t full_at) const {
    return take_token(rate, full_at, now);
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

}  // namespace sallyport::ratelimit
