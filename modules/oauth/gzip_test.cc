#include "modules/oauth/gzip.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace sallyport::oauth {
namespace {

std::string gzip(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST(Gzip, UnpacksWithinItsBound) {
  std::string to;
  for (const std::size_t size : {0U, 1U, 4095U, 4096U, 4097U, 65536U}) {
    const std::string text(size, 'a');
    EXPECT_EQ(gunzip(gzip(text), 65536, to), Unpacked::whole) << size;
    EXPECT_EQ(to, text);
  }
  EXPECT_EQ(gunzip(gzip(std::string(65537, 'a')), 65536, to), Unpacked::too_long);
  EXPECT_EQ(gunzip(gzip(std::string(10'000'000, 'a')), 65536, to), Unpacked::too_long);
}

TEST(Gzip, UnpacksAllMembers) {
  std::string to;
  EXPECT_EQ(gunzip(gzip("one ") + gzip("") + gzip("two"), 100, to), Unpacked::whole);
  EXPECT_EQ(to, "one two");
  EXPECT_EQ(gunzip(gzip(std::string(60, 'a')) + gzip(std::string(60, 'a')), 100, to),
            Unpacked::too_long);
}

TEST(Gzip, TellsWhatIsBroken) {
  std::string to;
  const std::string good = gzip("{\"access_token\":\"a\"}");
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(gunzip(good.substr(0, size), 100, to), Unpacked::broken) << size;
  }
  EXPECT_EQ(gunzip(good + "x", 100, to), Unpacked::broken);
  EXPECT_EQ(gunzip("{}", 100, to), Unpacked::broken);
  std::string damaged = good;
  damaged[damaged.size() - 6] ^= 1;  // of its checksum
  EXPECT_EQ(gunzip(damaged, 100, to), Unpacked::broken);
}

}  // namespace
}  // namespace sallyport::oauth
