#include "gateway/base/ids.h"

#include "gateway/base/text.h"

namespace sallyport {
namespace {

constexpr bool is_dash_at(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

}  // namespace

Uuid Uuid::from_random(const std::array<std::uint8_t, 16>& bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  auto marked = bytes;
  marked[6] = static_cast<std::uint8_t>((marked[6] & 0x0f) | 0x40);  // version 4
  marked[8] = static_cast<std::uint8_t>((marked[8] & 0x3f) | 0x80);  // variant 10
  Uuid uuid;
  std::size_t at = 0;
  for (std::uint8_t byte : marked) {
    if (is_dash_at(at)) uuid.text_[at++] = '-';
    uuid.text_[at++] = kDigits[byte >> 4];
    uuid.text_[at++] = kDigits[byte & 15];
  }
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
