#pragma once

// Patience says how much longer we wait for a peer that should move bytes. It is an account of
// time: waiting takes from it, every byte gives 1/rate of a second back, and no more than `grace`
// is ever saved. So a peer may pause for `grace`, but not be slower than `rate` for long, however
// it spreads its bytes.

#include <algorithm>
#include <cstdint>

#include "gateway/base/clock.h"

namespace sallyport::server {

class Patience {
 public:
  struct Rule {
    Milliseconds grace{0};
    std::uint32_t rate = 0;  // bytes a second; zero: any byte fills the account
  };

  // reset fills the account and stops the clock.
  void reset() {
    is_running_ = false;
    is_full_ = true;
  }
  bool is_running() const { return is_running_; }

  // run starts the clock: it is the peer's turn.
  void run(const Rule& rule, MonoTime now) {
    if (is_running_) return;
    is_running_ = true;
    const std::int64_t most = rule.grace.count() * 1000;
    due_us_ = now.us + (is_full_ ? most : std::min(left_us_, most));
    moved_at_ = now;
    is_full_ = false;
  }
  // pause stops it: the peer is not to blame for what passes now.
  void pause(MonoTime now) {
    if (!is_running_) return;
    is_running_ = false;
    left_us_ = std::max<std::int64_t>(due_us_ - now.us, 0);
  }
  void moved(std::uint64_t bytes, const Rule& rule, MonoTime now) {
    if (bytes == 0 || !is_running_) return;
    moved_at_ = now;
    const std::int64_t most = now.us + rule.grace.count() * 1000;
    if (rule.rate == 0 || bytes > kManyBytes) {
      due_us_ = most;
    } else {
      due_us_ = std::min(most, due_us_ + static_cast<std::int64_t>(bytes * 1'000'000 / rule.rate));
    }
  }

  // left is what remains, rounded up; zero: the peer is too slow.
  Milliseconds left(MonoTime now) const {
    return Milliseconds(std::max<std::int64_t>((due_us_ - now.us + 999) / 1000, 0));
  }
  // is_silent tells a peer that stopped from one that trickles.
  bool is_silent(const Rule& rule, MonoTime now) const {
    return now.us - moved_at_.us >= rule.grace.count() * 1000;
  }

 private:
  static constexpr std::uint64_t kManyBytes = std::uint64_t{1} << 40;

  bool is_running_ = false;
  bool is_full_ = true;
  std::int64_t due_us_ = 0;   // while it runs
  std::int64_t left_us_ = 0;  // while it does not
  MonoTime moved_at_{};
};

}  // namespace sallyport::server
