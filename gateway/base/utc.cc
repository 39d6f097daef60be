#include "gateway/base/utc.h"

#include <chrono>
#include <ctime>

#include "gateway/base/text.h"

namespace sallyport {
namespace {

// take reads `digits` digits and then `mark`, unless that is 0.
std::optional<int> take(std::string_view& text, std::size_t digits, char mark) {
  const auto number = parse_decimal<int>(text.substr(0, digits));
  if (!number || text.size() < digits + (mark != 0)) return std::nullopt;
  if (mark != 0 && text[digits] != mark) return std::nullopt;
  text.remove_prefix(digits + (mark != 0));
  return number;
}

}  // namespace

std::string utc_text(std::int64_t unix_seconds) {
  const std::time_t time = unix_seconds;
  std::tm parts{};
  char text[40] = "an unknown time";
  if (gmtime_r(&time, &parts) != nullptr) {
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  }
  return text;
}

std::optional<std::int64_t> parse_utc(std::string_view text) {
  const bool has_time = text.size() > 10;
  const auto year = take(text, 4, '-');
  const auto month = take(text, 2, '-');
  const auto day = take(text, 2, has_time ? 'T' : '\0');
  if (!year || !month || !day) return std::nullopt;
  int seconds = 0;
  if (has_time) {
    const auto hour = take(text, 2, ':');
    const auto minute = take(text, 2, ':');
    const auto second = take(text, 2, 'Z');
    if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 59) {
      return std::nullopt;
    }
    seconds = (*hour * 60 + *minute) * 60 + *second;
  }
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!text.empty() || !date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count() * std::int64_t{86'400} + seconds;
}

}  // namespace sallyport
