#pragma once

// RetryBudget keeps second attempts to a part of the first ones, so that an upstream that fails is
// not asked twice as much for it. One per worker and upstream.

#include <algorithm>
#include <cstdint>

namespace sallyport::proxy {

class RetryBudget {
 public:
  // `percent` of the requests may be retries; so many retries as kReserve may come at once.
  static constexpr std::int64_t kReserve = 10;

  explicit RetryBudget(unsigned percent)
      : percent_(percent), hundredths_(percent == 0 ? 0 : kReserve * 100) {}

  void on_request() { hundredths_ = std::min(hundredths_ + percent_, kReserve * 100); }
  // spend takes one retry out of the budget; false: there is none left.
  bool spend() {
    if (hundredths_ < 100) return false;
    hundredths_ -= 100;
    return true;
  }

 private:
  const std::int64_t percent_;
  std::int64_t hundredths_;  // of a retry
};

}  // namespace sallyport::proxy
