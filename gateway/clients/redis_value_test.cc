#include "gateway/clients/redis_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::clients {
namespace {

using Kind = RedisValue::Kind;
using testing::HasSubstr;

RedisValue only(std::string_view octets) {
  RedisReplyReader reader;
  EXPECT_TRUE(reader.feed(octets));
  auto value = reader.next();
  EXPECT_TRUE(value.has_value()) << reader.error();
  EXPECT_FALSE(reader.next().has_value());
  return value.value_or(RedisValue{});
}

std::string error_of(std::string_view octets, RedisReplyLimits limits = {}) {
  RedisReplyReader reader(limits);
  if (!reader.feed(octets)) return reader.error();
  while (reader.next()) {
  }
  return reader.error();
}

TEST(RedisValue, ReadsEveryKind) {
  EXPECT_EQ(only("+OK\r\n").kind, Kind::status);
  EXPECT_EQ(only("+OK\r\n").text, "OK");
  EXPECT_EQ(only(":-42\r\n").integer, -42);
  EXPECT_EQ(only("$5\r\nhe\r\no\r\n").text, "he\r\no");
  EXPECT_EQ(only("$-1\r\n").kind, Kind::nil);
  EXPECT_EQ(only("*-1\r\n").kind, Kind::nil);
  EXPECT_TRUE(only("-ERR no\r\n").is_error());
  EXPECT_EQ(only("-ERR no\r\n").text, "ERR no");
}

TEST(RedisValue, ReadsNestedArrays) {
  const RedisValue role = only("*3\r\n$6\r\nmaster\r\n:7\r\n*2\r\n*0\r\n+x\r\n");
  ASSERT_TRUE(role.is_array_of(3));
  EXPECT_EQ(role.items[0].text, "master");
  EXPECT_EQ(role.items[1].integer, 7);
  ASSERT_TRUE(role.items[2].is_array_of(2));
  EXPECT_EQ(role.items[2].items[0].kind, Kind::array);
  EXPECT_EQ(role.items[2].items[1].text, "x");
}

TEST(RedisValue, WaitsForWhatIsMissing) {
  const std::string_view octets = "*2\r\n$3\r\nabc\r\n:1\r\n";
  RedisReplyReader reader;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    EXPECT_FALSE(reader.next().has_value());
    ASSERT_TRUE(reader.feed(octets.substr(i, 1)));
  }
  EXPECT_TRUE(reader.next()->is_array_of(2));
}

TEST(RedisValue, GivesBackWhatWasHalfRead) {
  RedisReplyReader reader;  // the leak checker sees to it
  ASSERT_TRUE(reader.feed("*3\r\n$3\r\nabc\r\n*1\r\n"));
  EXPECT_FALSE(reader.next().has_value());
}

TEST(RedisValue, RefusesWhatIsNoReply) {
  EXPECT_THAT(error_of("HTTP/1.1 400 Bad Request\r\n"), HasSubstr("not a Redis reply"));
  EXPECT_THAT(error_of("$99999999999999999999\r\n"), HasSubstr("not a Redis reply"));
  EXPECT_THAT(error_of("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"),
              HasSubstr("not a Redis reply"));
}

TEST(RedisValue, LimitsTheNumberOfValues) {
  const RedisReplyLimits limits{.max_values = 4};
  EXPECT_EQ(error_of("*3\r\n:1\r\n:2\r\n:3\r\n", limits), "");
  EXPECT_EQ(error_of("*4\r\n", limits), "a reply has more than 4 values");
  EXPECT_EQ(error_of("*2147483647\r\n", limits), "a reply has more than 4 values");
  EXPECT_EQ(error_of("*2\r\n*2\r\n:1\r\n:2\r\n:3\r\n", limits), "a reply has more than 4 values");
  EXPECT_EQ(error_of(":1\r\n:2\r\n:3\r\n:4\r\n:5\r\n", limits), "");
}

TEST(RedisValue, LimitsTheOctets) {
  const RedisReplyLimits limits{.max_bytes = 16};
  EXPECT_EQ(error_of("$6\r\nabcdef\r\n", limits), "");
  EXPECT_EQ(error_of("$60\r\nabcdefghijklm", limits), "a reply is larger than 16 bytes");
}

TEST(RedisCommand, RendersWordsAsTheyAre) {
  EXPECT_EQ(redis_command({"SET", "a b", "x\r\ny"}),
            "*3\r\n$3\r\nSET\r\n$3\r\na b\r\n$4\r\nx\r\ny\r\n");
}

}  // namespace
}  // namespace sallyport::clients
