#include "modules/revocation/order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::revocation {
namespace {

using testing::HasSubstr;

std::string error_of(std::string_view json) {
  const auto order = parse_order(json);
  return order ? "" : order.error().text;
}

TEST(Order, IsReadWhole) {
  const auto order =
      parse_order(R"({"unit":"client","value":"plaid","issuer":"https://a","cutoff":5,"expires":9,)"
                  R"("reason":"drill","who":"ops"})");
  ASSERT_TRUE(order) << order.error().text;
  EXPECT_EQ(order->unit, Unit::client);
  EXPECT_EQ(order->value, "plaid");
  EXPECT_EQ(order->issuer, "https://a");
  EXPECT_EQ(order->cutoff, 5);
  EXPECT_EQ(order->expires, 9);
  EXPECT_EQ(order->reason, "drill");
  EXPECT_EQ(order->who, "ops");
}

TEST(Order, TakesAFingerprintAsPeopleWriteItAndNothingElse) {
  std::string bytes;
  std::string written;
  for (int i = 0; i < 32; ++i) {
    bytes += "a" + std::to_string(i % 10);
    written += (i == 0 ? "A" : ":A") + std::to_string(i % 10);
  }
  const auto parse = [](const std::string& value, const std::string& more = "") {
    return parse_order(R"({"unit":"cert","value":")" + value + '"' + more + '}');
  };
  ASSERT_TRUE(parse(written));
  EXPECT_EQ(parse(written)->value, bytes);
  EXPECT_EQ(parse(bytes)->value, bytes);
  for (const std::string& wrong :
       {bytes.substr(1), bytes + "a", "g" + bytes.substr(1), std::string("CN=plaid")}) {
    EXPECT_FALSE(parse(wrong)) << wrong;
  }
  EXPECT_FALSE(parse(bytes, R"(,"cutoff":5)"));
  EXPECT_FALSE(parse(bytes, R"(,"issuer":"https://login.bank.example")"));
}

TEST(Order, KnowsEveryUnitByItsName) {
  for (const Unit unit : kUnits) {
    const std::string value = unit == Unit::certificate ? std::string(64, 'a') : "v";
    const auto order = parse_order("{\"unit\":\"" + std::string(unit_name(unit)) +
                                   "\",\"value\":\"" + value + "\"}");
    ASSERT_TRUE(order);
    EXPECT_EQ(order->unit, unit);
    EXPECT_FALSE(order->cutoff);
    EXPECT_FALSE(order->expires);
  }
}

TEST(Order, SaysWhatIsWrong) {
  EXPECT_THAT(error_of(""), HasSubstr("not valid JSON"));
  EXPECT_THAT(error_of("[]"), HasSubstr("no JSON object"));
  EXPECT_THAT(error_of(R"({"value":"v"})"), HasSubstr("\"unit\" is missing"));
  EXPECT_THAT(error_of(R"({"unit":"jti"})"), HasSubstr("\"value\" is missing"));
  EXPECT_THAT(error_of(R"({"unit":"jti","value":""})"), HasSubstr("\"value\" is missing"));
  EXPECT_THAT(error_of(R"({"unit":"sub","value":"v"})"), HasSubstr("none of jti, subject"));
  EXPECT_THAT(error_of(R"({"unit":1,"value":"v"})"), HasSubstr("none of jti"));
  EXPECT_THAT(error_of(R"({"unit":"jti","value":7})"), HasSubstr("\"value\" is no text"));
  EXPECT_THAT(error_of(R"({"unit":"jti","value":"v","cutof":1})"),
              HasSubstr("\"cutof\" is not known"));
  EXPECT_THAT(error_of(R"({"unit":"jti","value":"v","value":"w"})"), HasSubstr("not valid JSON"));
}

TEST(Order, RefusesTimesThatAreNone) {
  for (const char* time : {"0", "-1", "1.5", "\"1\"", "true", "253402300800", "1e3"}) {
    EXPECT_THAT(error_of(R"({"unit":"jti","value":"v","expires":)" + std::string(time) + "}"),
                HasSubstr("\"expires\" is no time"))
        << time;
  }
}

TEST(Order, LimitsEveryText) {
  const auto with = [](std::string_view name, std::size_t size) {
    return R"({"unit":"jti","value":"v",")" + std::string(name) + "\":\"" + std::string(size, 'x') +
           "\"}";
  };
  EXPECT_TRUE(parse_order(with("issuer", kMaxName)));
  EXPECT_THAT(error_of(with("issuer", kMaxName + 1)), HasSubstr("longer than 1024 bytes"));
  EXPECT_TRUE(parse_order(with("reason", 512)));
  EXPECT_THAT(error_of(with("reason", 513)), HasSubstr("longer than 512 bytes"));
  EXPECT_THAT(error_of(with("who", 513)), HasSubstr("longer than 512 bytes"));
}

TEST(ListOrder, MayBeEmpty) {
  for (const char* json : {"", "{}"}) {
    const auto order = parse_list_order(json);
    ASSERT_TRUE(order);
    EXPECT_FALSE(order->unit);
    EXPECT_EQ(order->limit, 100u);
  }
}

TEST(ListOrder, IsReadWhole) {
  const auto order =
      parse_list_order(R"({"unit":"kid","value":"v","issuer":"i","after":"05fF","limit":1000})");
  ASSERT_TRUE(order) << order.error().text;
  EXPECT_EQ(order->unit, Unit::key);
  EXPECT_EQ(order->value, "v");
  EXPECT_EQ(order->issuer, "i");
  EXPECT_EQ(order->after, "\x05\xff");
  EXPECT_EQ(order->limit, 1000u);
}

TEST(ListOrder, RefusesOtherLimitsAndMarks) {
  for (const char* json :
       {R"({"limit":0})", R"({"limit":1001})", R"({"limit":"9"})", R"({"after":"5"})",
        R"({"after":"zz"})", R"({"after":""})", R"({"page":2})"}) {
    EXPECT_FALSE(parse_list_order(json)) << json;
  }
}

TEST(Order, TakesADigestInCapitalsForTheSame) {
  const std::string lower = "sha256:" + std::string(64, 'a');
  EXPECT_EQ(parse_order(R"({"unit":"jti","value":"sha256:)" + std::string(64, 'A') + "\"}")->value,
            lower);
  EXPECT_EQ(parse_order(R"({"unit":"jti","value":"sha256:ABC"})")->value, "sha256:ABC");
  EXPECT_EQ(
      parse_order(R"({"unit":"subject","value":"sha256:)" + std::string(64, 'A') + "\"}")->value,
      "sha256:" + std::string(64, 'A'));
}

}  // namespace
}  // namespace sallyport::revocation
