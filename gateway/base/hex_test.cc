#include "gateway/base/hex.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "gateway/base/text.h"

namespace sallyport {
namespace {

TEST(Hex, WritesEveryOctetAtEveryPlace) {
  for (int octet = 0; octet < 256; ++octet) {
    for (std::size_t at = 0; at < 8; ++at) {
      std::array<std::uint8_t, 8> octets{1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
      octets[at] = static_cast<std::uint8_t>(octet);
      std::string written(16, ' ');
      write_hex(std::span<const std::uint8_t, 8>(octets), written.data());
      EXPECT_EQ(written, to_hex({reinterpret_cast<const char*>(octets.data()), octets.size()}));
    }
  }
}

}  // namespace
}  // namespace sallyport
