#pragma once

// OverheadAccount weighs what a client sends against what of it is of use. Framing, empty records,
// frames of streams that are gone and the like are cheap to send and cost us work, and no count of
// one kind of them bounds the sum. One account belongs to one connection.

#include <algorithm>
#include <cstdint>

namespace sallyport::http {

class OverheadAccount {
 public:
  // kRequest is what a request earns besides its octets: answers to our settings and pings, and
  // records of small requests, should not add up on a connection that is used for long.
  static constexpr std::uint64_t kRequest = 256;

  // `limit` is in octets.
  explicit OverheadAccount(std::uint64_t limit) : limit_(static_cast<std::int64_t>(limit)) {}

  // spend counts octets that carried nothing; negative, when some that were counted, or will be,
  // are not to blame on the client.
  void spend(std::int64_t octets) { debt_ += octets; }
  // earn counts octets of requests: each pays for one of overhead.
  void earn(std::uint64_t octets) {
    if (debt_ > 0) debt_ = std::max<std::int64_t>(debt_ - static_cast<std::int64_t>(octets), 0);
  }
  bool is_overdrawn() const { return debt_ > limit_; }

 private:
  std::int64_t limit_;
  std::int64_t debt_ = 0;
};

}  // namespace sallyport::http
