#include "gateway/http/h2_frame_scan.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sallyport::http {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

std::string frame(std::size_t length, int type, int flags, std::uint32_t stream) {
  std::string octets;
  const auto put = [&octets](std::size_t value) { octets += static_cast<char>(value & 0xff); };
  for (const int shift : {16, 8, 0}) put(length >> shift);
  put(static_cast<std::size_t>(type));
  put(static_cast<std::size_t>(flags));
  for (const int shift : {24, 16, 8, 0}) put(stream >> shift);
  return octets + std::string(length, 'p');
}

// heads are those that a scan finds when `sent` comes in pieces of that size.
std::vector<H2FrameHead> heads(std::string_view sent, std::size_t piece) {
  H2FrameScan scan(kPreface.size());
  std::vector<H2FrameHead> found;
  while (!sent.empty()) {
    std::string_view part = sent.substr(0, piece);
    sent.remove_prefix(part.size());
    while (!part.empty()) {
      part.remove_prefix(scan.step(part));
      if (scan.head_is_whole()) found.push_back(scan.head());
    }
  }
  return found;
}

TEST(H2FrameScan, FindsEveryHeadHoweverItComes) {
  const std::string sent = std::string(kPreface) + frame(0, 4, 0, 0) + frame(70'000, 0, 9, 1) +
                           frame(1, 1, 5, 0x7fffffff) + frame(0, 0xfe, 0xff, 0x80000003) +
                           frame(8, 6, 1, 0);
  for (std::size_t piece = 1; piece < 40; ++piece) {
    const std::vector<H2FrameHead> found = heads(sent, piece);
    ASSERT_EQ(found.size(), 5U) << piece;
    EXPECT_EQ(found[1].length, 70'000U);
    EXPECT_EQ(found[1].type, H2FrameHead::kData);
    EXPECT_EQ(found[1].flags, 9);
    EXPECT_EQ(found[1].stream, 1);
    EXPECT_EQ(found[2].stream, 0x7fffffff);
    EXPECT_EQ(found[3].type, 0xfe);
    EXPECT_EQ(found[3].stream, 3) << "the first bit is reserved";
    EXPECT_EQ(found[4].length, 8U);
  }
}

}  // namespace
}  // namespace sallyport::http
