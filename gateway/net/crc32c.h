#pragma once

// CRC-32C (Castagnoli), as RFC 9260 appendix A and the PROXY protocol use it.

#include <array>
#include <cstdint>
#include <string_view>

namespace sallyport::net {

// kCrc32cTable holds the remainder of every byte.
inline constexpr std::array<std::uint32_t, 256> kCrc32cTable = [] {
  constexpr std::uint32_t kReflectedPolynomial = 0x82f63b78;
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) * kReflectedPolynomial);
    table[i] = crc;
  }
  return table;
}();

class Crc32c {
 public:
  void add(std::string_view bytes) {
    for (const char c : bytes) {
      state_ = kCrc32cTable[(state_ ^ static_cast<unsigned char>(c)) & 0xff] ^ (state_ >> 8);
    }
  }
  std::uint32_t value() const { return ~state_; }

 private:
  std::uint32_t state_ = ~std::uint32_t{0};
};

}  // namespace sallyport::net
