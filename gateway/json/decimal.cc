#include "gateway/json/decimal.h"

#include <algorithm>
#include <cstdint>

#include "gateway/base/text.h"

namespace sallyport::json {
namespace {

// Farther than any text can be long.
constexpr std::int64_t kFarthest = 4'000'000'000;

std::int64_t read_exponent(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  for (const char c : text) value = std::min(value * 10 + (c - '0'), kFarthest);
  return is_negative ? -value : value;
}

}  // namespace

std::optional<Whole> whole_of(std::string_view number) {
  const bool is_negative = number.starts_with('-');
  if (is_negative) number.remove_prefix(1);
  const std::size_t mark = std::min(number.find_first_of("eE"), number.size());
  const std::string_view digits = number.substr(0, mark);
  const std::size_t before_point = std::min(digits.find('.'), digits.size());
  // How many of the digits stand before the point once the exponent has moved it.
  std::int64_t whole_digits = static_cast<std::int64_t>(before_point);
  if (mark < number.size()) whole_digits += read_exponent(number.substr(mark + 1));

  std::int64_t value = 0;
  bool has_fraction = false;
  const auto append = [&](int digit) {
    return !__builtin_mul_overflow(value, 10, &value) &&
           !__builtin_add_overflow(value, digit, &value);
  };
  for (const char c : digits) {
    if (c == '.') continue;
    if (whole_digits-- > 0) {
      if (!append(c - '0')) return std::nullopt;
    } else {
      has_fraction = has_fraction || c != '0';
    }
  }
  // Zeros that only the exponent stands for; of nothing they are nothing.
  for (; whole_digits > 0 && value != 0; --whole_digits) {
    if (!append(0)) return std::nullopt;
  }
  if (!is_negative) return Whole{value, has_fraction};
  return Whole{-value - (has_fraction ? 1 : 0), has_fraction};
}

}  // namespace sallyport::json
