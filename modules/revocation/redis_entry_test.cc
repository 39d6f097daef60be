#include "modules/revocation/redis_entry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modules/revocation/issuer.h"

namespace sallyport::revocation {
namespace {

using testing::HasSubstr;

TEST(RedisEntry, RevokesAlwaysWhenItSaysNothing) {
  for (const char* text : {"", "1", " 1\n", "\r\n", "{}"}) {
    const RedisEntry entry = parse_entry(text, "");
    EXPECT_EQ(entry.cutoff, kAlways) << text;
    EXPECT_EQ(entry.flaw, "") << text;
  }
}

TEST(RedisEntry, ReadsACutoff) {
  EXPECT_EQ(parse_entry("1800000000", "").cutoff, 1'800'000'000);
  EXPECT_EQ(parse_entry("1800000000\n", "").cutoff, 1'800'000'000);
}

TEST(RedisEntry, ReadsAnObject) {
  const RedisEntry entry = parse_entry(
      R"({"cutoff":1800000000,"made":1800000001,"reason":"r","who":"w","issuer":"https://i"})",
      issuer_id("https://i"));
  EXPECT_EQ(entry.flaw, "");
  EXPECT_EQ(entry.cutoff, 1'800'000'000);
  EXPECT_EQ(entry.made, 1'800'000'001);
  EXPECT_EQ(entry.reason + entry.who + entry.issuer, "rwhttps://i");
}

TEST(RedisEntry, RevokesAlwaysWhenItIsNotUnderstood) {
  const auto flaw = [](std::string_view text) {
    const RedisEntry entry = parse_entry(text, issuer_id("https://i"));
    EXPECT_EQ(entry.cutoff, kAlways) << text;
    EXPECT_EQ(entry.issuer, "") << text;
    return entry.flaw;
  };
  EXPECT_THAT(flaw("true"), HasSubstr("neither empty, 1,"));
  EXPECT_THAT(flaw("1800000000.5"), HasSubstr("neither empty, 1,"));
  EXPECT_THAT(flaw("-1"), HasSubstr("neither empty, 1,"));
  EXPECT_THAT(flaw("99999999999999999999"), HasSubstr("neither empty, 1,"));
  EXPECT_THAT(flaw("0"), HasSubstr("no time"));
  EXPECT_THAT(flaw("2"), HasSubstr("no time"));
  EXPECT_THAT(flaw("1800000000000"), HasSubstr("milliseconds?"));
  EXPECT_THAT(flaw("{"), HasSubstr("no valid JSON object"));
  EXPECT_THAT(flaw(R"({"cutoff":"1800000000"})"), HasSubstr("a member"));
  EXPECT_THAT(flaw(R"({"cutoff":1800000000,"until":1})"), HasSubstr("a member"));
  EXPECT_THAT(flaw(R"({"cutoff":0})"), HasSubstr("a member"));
  EXPECT_THAT(flaw(R"({"cutoff":1800000000,"issuer":"https://j"})"), HasSubstr("issuer"));
  EXPECT_THAT(flaw(std::string(kMaxRedisValue + 1, ' ')), HasSubstr("too long"));
}

TEST(RedisEntry, ComesBackAsItWasWritten) {
  Record record;
  record.unit = Unit::subject;
  record.issuer = "https://i";
  record.value = "u";
  record.cutoff = 500;
  record.made = 1'800'000'000;
  record.reason = "lost \"phone\"";
  record.who = "ops";
  RedisEntry entry = parse_entry(render_entry(record), issuer_id(record.issuer));
  EXPECT_EQ(entry.flaw, "");
  EXPECT_EQ(entry.cutoff, 500);
  EXPECT_EQ(entry.made, record.made);
  EXPECT_EQ(entry.issuer, record.issuer);
  EXPECT_EQ(entry.reason, record.reason);
  EXPECT_EQ(entry.who, record.who);
  record.issuer = issuer_id(record.issuer);
  entry = parse_entry(render_entry(record), record.issuer);
  EXPECT_EQ(entry.flaw + entry.issuer, "");
}

TEST(RedisEntry, LeavesRemarksOutWhenTheyAreTooLong) {
  Record record;
  record.cutoff = 1'800'000'000;
  record.reason = std::string(kMaxRemark, '\1');
  record.who = std::string(kMaxRemark, '\1');
  record.issuer = std::string(kMaxName, '\1');
  const std::string text = render_entry(record);
  EXPECT_LE(text.size(), kMaxRedisValue);
  EXPECT_EQ(parse_entry(text, issuer_id(record.issuer)).cutoff, record.cutoff);
  EXPECT_EQ(render_entry(Record{}), "1");
}

}  // namespace
}  // namespace sallyport::revocation
