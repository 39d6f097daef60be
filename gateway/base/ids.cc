#include "gateway/base/ids.h"

#include <algorithm>

#include "gateway/base/hex.h"
#include "gateway/base/text.h"

namespace sallyport {
namespace {

constexpr bool is_dash_at(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

}  // namespace

Uuid Uuid::from_random(const std::array<std::uint8_t, 16>& bytes) {
  auto marked = bytes;
  marked[6] = static_cast<std::uint8_t>((marked[6] & 0x0f) | 0x40);  // version 4
  marked[8] = static_cast<std::uint8_t>((marked[8] & 0x3f) | 0x80);  // variant 10
  std::array<char, 32> digits;
  write_hex(std::span<const std::uint8_t, 16>(marked), digits.data());
  Uuid uuid;
  uuid.text_.fill('-');
  char* const to = uuid.text_.data();
  std::copy_n(digits.data(), 8, to);
  std::copy_n(digits.data() + 8, 4, to + 9);
  std::copy_n(digits.data() + 12, 4, to + 14);
  std::copy_n(digits.data() + 16, 4, to + 19);
  std::copy_n(digits.data() + 20, 12, to + 24);
  return uuid;
}

bool Uuid::is_valid(std::string_view text) {
  if (text.size() != kLength) return false;
  for (std::size_t i = 0; i < kLength; ++i) {
    if (is_dash_at(i) ? text[i] != '-' : hex_value(text[i]) < 0) return false;
  }
  return true;
}

}  // namespace sallyport
