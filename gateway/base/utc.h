#pragma once

// Moments as operators write and read them: RFC 3339, in UTC.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport {

// utc_text renders Unix seconds as "2026-01-31T12:00:00Z".
std::string utc_text(std::int64_t unix_seconds);

// parse_utc reads "2026-01-31T12:00:00Z", or "2026-01-31" for the day's first moment.
std::optional<std::int64_t> parse_utc(std::string_view text);

}  // namespace sallyport
