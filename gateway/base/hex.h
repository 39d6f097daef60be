#pragma once

// Lower-case hexadecimal digits without a table: eight at a time, for what every request renders.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace sallyport {

// hex_digits returns the eight digits of four octets, the first in the lowest octet of the result.
constexpr std::uint64_t hex_digits(std::uint32_t octets) {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t word = octets;
  word = (word | word << 16) & 0x0000'ffff'0000'ffff;
  word = (word | word << 8) & 0x00ff'00ff'00ff'00ff;
  // One digit in each octet, the high half of what was an octet first.
  word = (word >> 4 & 0x000f'000f'000f'000f) | (word & 0x000f'000f'000f'000f) << 8;
  const std::uint64_t is_letter = (word + 0x0606'0606'0606'0606) >> 4 & 0x0101'0101'0101'0101;
  return word + 0x3030'3030'3030'3030 + is_letter * ('a' - '0' - 10);
}

// write_hex writes two digits for each octet; their number is a multiple of four.
template <std::size_t kSize>
void write_hex(std::span<const std::uint8_t, kSize> octets, char* to) {
  static_assert(kSize % 4 == 0 && kSize != std::dynamic_extent);
  for (std::size_t at = 0; at < kSize; at += 4) {
    std::uint32_t four;
    std::memcpy(&four, octets.data() + at, sizeof four);
    const std::uint64_t digits = hex_digits(four);
    std::memcpy(to + 2 * at, &digits, sizeof digits);
  }
}

}  // namespace sallyport
