#pragma once

// TokenBucket allows `rate` events a second on average, and as many at once as one `burst` holds.
// A bucket that nobody has used is full.

#include <algorithm>
#include <cstdint>

#include "gateway/base/clock.h"

namespace sallyport::server {

class TokenBucket {
 public:
  struct Rule {
    double rate = 0;
    double burst = 1;
  };

  bool take(const Rule& rule, MonoTime now) {
    const double missing = missing_at(rule, now);
    if (missing > rule.burst - 1) return false;
    missing_ = missing + 1;
    at_ = now;
    return true;
  }
  bool is_full(const Rule& rule, MonoTime now) const { return missing_at(rule, now) <= 0; }
  // wait is how long until a token is there; `rule.rate` is not zero.
  Milliseconds wait(const Rule& rule, MonoTime now) const {
    const double lacking = missing_at(rule, now) - (rule.burst - 1);
    if (lacking <= 0) return Milliseconds(0);
    return Milliseconds(static_cast<std::int64_t>(lacking / rule.rate * 1000) + 1);
  }

 private:
  double missing_at(const Rule& rule, MonoTime now) const {
    const double passed = static_cast<double>(std::max<std::int64_t>(now.us - at_.us, 0)) / 1e6;
    return std::max(0.0, missing_ - passed * rule.rate);
  }

  double missing_ = 0;
  MonoTime at_{};
};

}  // namespace sallyport::server
