#include "modules/revocation/record.h"

#include <gtest/gtest.h>

namespace sallyport::revocation {
namespace {

Record example() {
  Record record;
  record.unit = Unit::subject;
  record.issuer = "https://login.bank.example";
  record.value = "user-1234567";
  record.cutoff = 1'800'000'000;
  record.expires = 1'800'086'400;
  record.made = 1'800'000'001;
  record.reason = "lost \"phone\"";
  record.who = "ops";
  return record;
}

TEST(Record, ComesBackFromDiskAsItWas) {
  EXPECT_EQ(decode_record(encode_record(example())), example());
  Record plain;
  plain.value = "x";
  EXPECT_EQ(decode_record(encode_record(plain)), plain);
}

TEST(Record, RemembersWhereItIsFrom) {
  Record record = example();
  for (const Origin origin : {Origin::order, Origin::redis, Origin::foreign}) {
    record.origin = origin;
    const std::string bytes = encode_record(record);
    EXPECT_EQ(decode_record(bytes), record);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(decode_record(bytes.substr(0, size))) << size;
    }
  }
  std::string bytes = encode_record(record);
  bytes.back() = 3;
  EXPECT_FALSE(decode_record(bytes));
}

TEST(Record, IsRefusedWhenCutShortOrTooLong) {
  const std::string bytes = encode_record(example());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_record(bytes.substr(0, size))) << size;
  }
  EXPECT_FALSE(decode_record(bytes + "x"));
}

TEST(Record, IsRefusedInAnotherVersionOrWithAnUnknownUnit) {
  std::string bytes = encode_record(example());
  bytes[0] = 2;
  EXPECT_FALSE(decode_record(bytes));
  bytes = encode_record(example());
  for (const char unit : {'\0', '\7', '\xff'}) {
    bytes[1] = unit;
    EXPECT_FALSE(decode_record(bytes));
  }
}

TEST(Record, IsRefusedWithoutAValueOrEnd) {
  Record record = example();
  record.value.clear();
  EXPECT_FALSE(decode_record(encode_record(record)));
  record = example();
  record.expires = 0;
  EXPECT_FALSE(decode_record(encode_record(record)));
  record = example();
  record.reason = std::string(kMaxRemark + 1, 'r');
  EXPECT_FALSE(decode_record(encode_record(record)));
}

TEST(Record, HasOneKeyForEveryUnitIssuerAndValue) {
  const std::string key = record_key(Unit::token, "a", "b");
  EXPECT_EQ(key, record_key(Unit::token, "a", "b"));
  EXPECT_NE(key, record_key(Unit::subject, "a", "b"));
  EXPECT_NE(key, record_key(Unit::token, "", "ab"));
  EXPECT_NE(key, record_key(Unit::token, "ab", ""));
  EXPECT_EQ(key.size(), 33u);
}

TEST(Record, ShowsItselfAsJson) {
  EXPECT_EQ(describe(example()).dump(),
            R"({"unit":"subject","value":"user-1234567","issuer":"https://login.bank.example",)"
            R"("cutoff":1800000000,"expires":1800086400,"reason":"lost \"phone\"","who":"ops",)"
            R"("made":1800000001})");
  Record forever;
  forever.unit = Unit::key;
  forever.value = "k1";
  EXPECT_EQ(describe(forever).dump(), R"({"unit":"kid","value":"k1","made":0})");
}

}  // namespace
}  // namespace sallyport::revocation
