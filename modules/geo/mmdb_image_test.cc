#include "modules/geo/mmdb_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modules/geo/mmdb_value.h"
#include "tests/support/mmdb_writer.h"

namespace sallyport::geo {
namespace {

using test::MmdbWriter;
using testing::HasSubstr;

constexpr std::string_view kMarker = "\xab\xcd\xefMaxMind.com";

std::string sample() {
  return MmdbWriter("Test-Country").built(1'700'000'000).place("192.0.2.0/24", "US", "NA").bytes();
}

// problem_of returns why the bytes are refused; empty when they are not.
std::string problem_of(std::string_view bytes) {
  const auto image = check_mmdb(bytes);
  return image ? "" : image.error().text;
}

// with_record is a database whose only record is these octets, at the end of its data.
std::string with_record(const std::string& value) {
  return MmdbWriter("Test-Country").record("192.0.2.0/24", value).bytes();
}

// replaced changes one occurrence of `from`, which has the length of `to`.
std::string replaced(std::string bytes, std::string_view from, std::string_view to) {
  const std::size_t at = bytes.rfind(from);
  EXPECT_NE(at, std::string::npos) << from;
  return bytes.replace(at, from.size(), to);
}

TEST(MmdbImage, TellsWhatTheMetadataSays) {
  const auto image = check_mmdb(sample());
  ASSERT_TRUE(image) << image.error().text;
  EXPECT_EQ(image->type, "Test-Country");
  EXPECT_EQ(image->ip_version, 6);
  EXPECT_EQ(image->built_at, 1'700'000'000);
  EXPECT_EQ(image->sample.size(), 1u);
}

TEST(MmdbImage, TakesEveryRecordSizeAndIpVersion) {
  for (const int bits : {24, 28, 32}) {
    for (const int version : {4, 6}) {
      const std::string bytes =
          MmdbWriter("T", version, bits).place("192.0.2.0/24", "US", "NA").bytes();
      EXPECT_EQ(problem_of(bytes), "") << bits << " bits, version " << version;
    }
  }
}

TEST(MmdbImage, RefusesEveryPartOfAFile) {
  const std::string whole = sample();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(problem_of(whole.substr(0, size)), "") << size;
  }
}

TEST(MmdbImage, RefusesMetadataThatItCannotBelieve) {
  const std::string whole = sample();
  const std::string key = MmdbWriter::text("record_size");
  EXPECT_THAT(problem_of(replaced(whole, key + "\xa2" + std::string("\0\x1c", 2),
                                  key + "\xa2" + std::string("\0\x1d", 2))),
              HasSubstr("record size is 29"));
  const std::string version = MmdbWriter::text("ip_version") + "\xa2" + std::string("\0", 1);
  EXPECT_THAT(problem_of(replaced(whole, version + "\x06", version + "\x05")),
              HasSubstr("IP version is 5"));
  const std::string major =
      MmdbWriter::text("binary_format_major_version") + "\xa2" + std::string("\0", 1);
  EXPECT_THAT(problem_of(replaced(whole, major + "\x02", major + "\x03")),
              HasSubstr("format is version 3"));
  EXPECT_THAT(problem_of(replaced(whole, "node_count", "node_cOunt")), HasSubstr("incomplete"));
  const std::string languages = MmdbWriter::text("languages") + MmdbWriter::field(11, 1);
  EXPECT_THAT(problem_of(replaced(whole, languages + "\x42", languages + "\xa2")),
              HasSubstr("languages or descriptions"));
  EXPECT_THAT(problem_of(MmdbWriter("T").place("::/1", "US", "").built(0).bytes()),
              HasSubstr("build time"));
  EXPECT_THAT(problem_of(MmdbWriter("T").place("::/1", "US", "").built(-1).bytes()),
              HasSubstr("build time"));
}

TEST(MmdbImage, RefusesANumberOfNodesThatTheFileHasNot) {
  const std::string count = MmdbWriter::text("node_count") + "\xc4";
  const std::string whole = sample();
  const std::size_t at = whole.rfind(count) + count.size();
  for (const std::string_view octets :
       {std::string_view("\xff\xff\xff\xff", 4), std::string_view("\0\0\x40\0", 4)}) {
    std::string bytes = whole;
    bytes.replace(at, 4, octets);
    EXPECT_THAT(problem_of(bytes), HasSubstr("search tree")) << octets.size();
  }
  std::string none = whole;
  none.replace(at, 4, std::string_view("\0\0\0\0", 4));
  EXPECT_THAT(problem_of(none), HasSubstr("impossible number of nodes"));
}

TEST(MmdbImage, RefusesATreeThatDoesNotEnd) {
  // Node 0, 32 bit records: its right record is what must change.
  std::string bytes = MmdbWriter("T", 6, 32).place("2001:db8::/32", "US", "NA").bytes();
  ASSERT_EQ(problem_of(bytes), "");
  bytes.replace(4, 4, std::string_view("\0\0\0\0", 4));  // to itself
  EXPECT_THAT(problem_of(bytes), HasSubstr("does not end"));
  bytes.replace(4, 4, std::string_view("\0\0\0\x01", 4));
  bytes.replace(8, 8, std::string_view("\0\0\0\0\0\0\0\0", 8));  // back, after a step
  EXPECT_THAT(problem_of(bytes), HasSubstr("does not end"));
}

TEST(MmdbImage, RefusesATreeThatIsDeeperThanAnAddress) {
  // A tree for IPv6 whose metadata speaks of IPv4.
  const std::string bytes = MmdbWriter("T", 6).place("2001:db8::/48", "US", "NA").bytes();
  const std::string version = MmdbWriter::text("ip_version") + "\xa2" + std::string("\0", 1);
  EXPECT_THAT(problem_of(replaced(bytes, version + "\x06", version + "\x04")),
              HasSubstr("does not end"));
}

TEST(MmdbImage, RefusesRecordsOutsideOfTheData) {
  // One node, 24 bit records: 1 is "nothing", 2 to 16 would be in the separator.
  const std::string bytes = MmdbWriter("T", 4, 24).place("0.0.0.0/1", "US", "NA").bytes();
  ASSERT_EQ(problem_of(bytes), "");
  for (const std::string_view record :
       {std::string_view("\0\0\x02", 3), std::string_view("\0\0\x10", 3),
        std::string_view("\xff\xff\xff", 3)}) {
    std::string wrong = bytes;
    wrong.replace(3, 3, record);
    EXPECT_THAT(problem_of(wrong), HasSubstr("outside of the data"));
  }
}

TEST(MmdbImage, RefusesDamagedRecords) {
  const std::string good = MmdbWriter::map(1, MmdbWriter::text("a") + MmdbWriter::uint32(1));
  ASSERT_EQ(problem_of(with_record(good)), "");
  const std::string not_text_as_key = MmdbWriter::map(1, MmdbWriter::uint32(1) + good);
  const std::string pointer_to_itself("\x20\0", 2);
  const std::string endless_map = MmdbWriter::map(1, MmdbWriter::text("a") + pointer_to_itself);
  for (const std::string& value :
       {not_text_as_key, pointer_to_itself, endless_map, MmdbWriter::map(3, ""),
        MmdbWriter::field(2, 200) + "cut", MmdbWriter::field(3, 7) + "1234567",
        std::string("\x00\x05", 2), std::string("\x00\x06", 2), std::string("\x00\x00", 2),
        std::string("\x3f\xff\xff\xff\xff", 5), std::string("\xff\xff\xff\xff", 4)}) {
    EXPECT_THAT(problem_of(with_record(value)), HasSubstr("record is damaged"));
  }
}

TEST(MmdbImage, RefusesRecordsThatNestWithoutNeed) {
  const auto nested = [](int levels) {
    std::string value = MmdbWriter::uint32(1);
    for (int i = 1; i < levels; ++i) value = MmdbWriter::field(11, 1) + value;
    return value;
  };
  EXPECT_EQ(problem_of(with_record(nested(MmdbValues::kMaxDepth))), "");
  EXPECT_THAT(problem_of(with_record(nested(MmdbValues::kMaxDepth + 1))), HasSubstr("damaged"));
  EXPECT_THAT(problem_of(with_record(nested(100'000))), HasSubstr("damaged"));
}

TEST(MmdbImage, RefusesMetadataThatNestsWithoutNeed) {
  std::string deep;
  for (int i = 0; i < 50'000; ++i) deep += MmdbWriter::field(11, 1);
  const std::string whole = sample();
  const std::string front = whole.substr(0, whole.rfind(kMarker) + kMarker.size());
  EXPECT_THAT(problem_of(front + MmdbWriter::map(1, MmdbWriter::text("a") + deep)),
              HasSubstr("metadata is damaged"));
}

// A list of lists of pointers to one list: small to write down, endless to walk without memory.
TEST(MmdbImage, WalksSharedValuesOnce) {
  constexpr std::size_t kWide = 20'000;
  const std::string pointer = "\x38" + std::string("\0\0\0\0", 4);  // to the first text
  std::string list = MmdbWriter::field(11, kWide);
  for (std::size_t i = 0; i < kWide; ++i) list += pointer;
  MmdbWriter writer("T");
  writer.place("192.0.2.0/24", "US", "NA");
  for (int i = 1; i < 100; ++i) {
    writer.record("198.51.100." + std::to_string(i) + "/32",
                  MmdbWriter::map(1, MmdbWriter::text("k" + std::to_string(i)) + list));
  }
  EXPECT_EQ(problem_of(writer.bytes()), "");
}

}  // namespace
}  // namespace sallyport::geo
