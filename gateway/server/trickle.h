#pragma once

// Trickle judges how fast a first request's body comes, for when a newcomer needs a place: whoever
// sends octet by octet has completed nothing and holds a place with next to nothing. It is stricter
// than limits.min_body_rate, which says who is ended although nobody needs the place.

#include <cstdint>

#include "gateway/base/clock.h"

namespace sallyport::server {

// is_trickle says whether `bytes` since `began` are so few; within the first second nobody is
// judged.
inline bool is_trickle(std::uint64_t bytes, MonoTime began, MonoTime now) {
  constexpr std::int64_t kBytesPerSecond = 16 * 1024;
  constexpr std::int64_t kSecond = 1'000'000;
  const std::int64_t passed = now.us - began.us;
  return passed >= kSecond &&
         static_cast<std::int64_t>(bytes) < passed / 1000 * kBytesPerSecond / 1000;
}

}  // namespace sallyport::server
