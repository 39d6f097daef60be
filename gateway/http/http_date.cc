#include "gateway/http/http_date.h"

#include <algorithm>
#include <chrono>

namespace sallyport::http {
namespace {

constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
constexpr std::int64_t kLastSecond = 253402300799;  // 9999-12-31T23:59:59Z

// Writer fills the fixed text from left to right.
class Writer {
 public:
  explicit Writer(char* to) : to_(to) {}
  Writer& text(std::string_view text) {
    to_ = std::ranges::copy(text, to_).out;
    return *this;
  }
  Writer& number(std::int64_t value, int digits) {
    for (int i = digits; i-- > 0; value /= 10) to_[i] = static_cast<char>('0' + value % 10);
    to_ += digits;
    return *this;
  }

 private:
  char* to_;
};

}  // namespace

std::string_view HttpDate::at(WallTime time) {
  using namespace std::chrono;
  const std::int64_t second = std::clamp<std::int64_t>(time.unix_seconds(), 0, kLastSecond);
  if (second != second_) {
    const sys_days day = floor<days>(sys_seconds(Seconds(second)));
    const year_month_day date(day);
    const hh_mm_ss clock(sys_seconds(Seconds(second)) - day);
    const auto month = static_cast<unsigned>(date.month());
    Writer(text_.data())
        .text(kDays.substr(weekday(day).c_encoding() * 3, 3))
        .text(", ")
        .number(static_cast<unsigned>(date.day()), 2)
        .text(" ")
        .text(kMonths.substr((month - 1) * 3, 3))
        .text(" ")
        .number(static_cast<int>(date.year()), 4)
        .text(" ")
        .number(clock.hours().count(), 2)
        .text(":")
        .number(clock.minutes().count(), 2)
        .text(":")
        .number(clock.seconds().count(), 2)
        .text(" GMT");
    second_ = second;
  }
  return {text_.data(), text_.size()};
}

}  // namespace sallyport::http
