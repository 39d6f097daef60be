#include "gateway/crypto/der_time.h"

#include <chrono>
#include <string_view>

#include "gateway/base/text.h"
#include "gateway/crypto/bytes.h"

namespace sallyport::crypto {

std::optional<std::int64_t> read_der_time(CBS* from) {
  CBS value;
  unsigned tag = 0;
  if (!CBS_get_any_asn1(from, &value, &tag)) return std::nullopt;
  std::string_view text = view_of(CBS_data(&value), CBS_len(&value));
  const bool is_utc = tag == CBS_ASN1_UTCTIME;
  if (!is_utc && tag != CBS_ASN1_GENERALIZEDTIME) return std::nullopt;
  if (text.size() != (is_utc ? 13U : 15U) || text.back() != 'Z') return std::nullopt;

  const auto take = [&text](std::size_t digits) {
    const auto number = parse_decimal<int>(text.substr(0, digits));
    text.remove_prefix(digits);
    return number.value_or(-1);
  };
  int year = take(is_utc ? 2 : 4);
  if (is_utc && year >= 0) year += year < 50 ? 2000 : 1900;
  const int month = take(2), day = take(2), hour = take(2), minute = take(2), second = take(2);
  if (year < 0 || month < 1 || day < 1 || hour < 0 || minute < 0 || second < 0) {
    return std::nullopt;
  }
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

}  // namespace sallyport::crypto
