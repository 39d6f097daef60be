#pragma once

// The Date of answers that we make ourselves (RFC 9110 section 5.6.7).

#include <array>
#include <cstdint>
#include <string_view>

#include "gateway/base/clock.h"

namespace sallyport::http {

// HttpDate renders a time as an IMF-fixdate ("Sun, 06 Nov 1994 08:49:37 GMT") and remembers the
// last: a worker renders once a second. Times outside the years 1970 to 9999 are brought inside.
class HttpDate {
 public:
  static constexpr std::size_t kLength = 29;

  // at is valid until the next call.
  std::string_view at(WallTime time);

 private:
  std::int64_t second_ = -1;
  std::array<char, kLength> text_{};
};

}  // namespace sallyport::http
