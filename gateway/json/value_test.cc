#include "gateway/json/value.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "gateway/json/json.h"

namespace sallyport::json {
namespace {

TEST(Draft, IsDumpedInTheOrderOfInsertion) {
  Draft draft = Draft::object();
  draft.set("zebra", 1).set("apple", true).set("mango", Draft::null()).set("list", Draft::array());
  draft.set("apple", "again");
  EXPECT_EQ(draft.dump(), R"({"zebra":1,"apple":"again","mango":null,"list":[]})");
}

TEST(Draft, LeavesOutAnEmptyText) {
  EXPECT_EQ(Draft::object().text("a", "").text("b", "x").set("c", "").dump(),
            R"({"b":"x","c":""})");
}

TEST(Draft, TakesNumbersOfEveryKind) {
  const Draft all = Draft::array()
                        .add(std::numeric_limits<std::int64_t>::min())
                        .add(std::numeric_limits<std::int64_t>::max())
                        .add(std::numeric_limits<std::uint64_t>::max())
                        .add(std::uint8_t{7});
  EXPECT_EQ(all.dump(), "[-9223372036854775808,9223372036854775807,9223372036854775807,7]");
}

TEST(Draft, WritesFractionsShortly) {
  EXPECT_EQ(Draft::array().add(12.345).add(0.1).dump(), "[12.345,0.1]");
}

TEST(Draft, CanBeLaidOutForPeople) {
  Draft draft = Draft::object().set("a", Draft::array().add("Zo\xC3\xAB").add("\xC2\x85"));
  draft.set("b", Draft::object());
  EXPECT_EQ(draft.dump_indented(),
            "{\n  \"a\": [\n    \"Zo\xC3\xAB\",\n    \"\\u0085\"\n  ],\n  \"b\": {}\n}\n");
}

TEST(Draft, RepairsTextsThatAreNoUtf8) {
  const std::string bad(
      "a\xFF"
      "b\xC0\x80\0c",
      7);
  const Draft draft = Draft::object().set("k\xFE", bad);
  EXPECT_EQ(draft.dump(),
            "{\"k\xEF\xBF\xBD\":\"a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD\xEF\xBF\xBD\\u0000c\"}");
}

TEST(Draft, EscapesAsTheLogDoes) {
  for (const std::string_view text : {"\"\\/\n\r\t", "\x01\x1f", "\x7f",
                                      "\xC2\x9B"
                                      "31m",
                                      "\xE2\x80\xAE"
                                      "abc",
                                      "\xE2\x80\xA8", "Zo\xC3\xAB", "\xF0\x9F\x94\x91", ""}) {
    const std::string dumped = Draft(text).dump();
    EXPECT_EQ(parse("[" + dumped + "]")->at(0).string(), text) << dumped;
    for (const char c : dumped) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  }
  EXPECT_EQ(Draft("\xE2\x80\xAE\x7f\xC2\x85").dump(), R"("\u202e\u007f\u0085")");
}

TEST(Draft, TakesOverWhatAnotherWriterMade) {
  auto draft = Draft::read(R"({"b":1.5,"a":[{"c":null}]})");
  ASSERT_TRUE(draft);
  EXPECT_EQ(draft->set("d", 2).dump(), R"({"b":1.5,"a":[{"c":null}],"d":2})");
  EXPECT_FALSE(Draft::read("{"));
}

TEST(Draft, ACopyIsAValueOfItsOwn) {
  Draft one = Draft::list(std::vector<std::string>{"x", "y"});
  const Draft two = one;
  one.add(3);
  EXPECT_EQ(one.dump(), R"(["x","y",3])");
  EXPECT_EQ(two.dump(), R"(["x","y"])");
  EXPECT_TRUE(Draft::array().is_empty());
  EXPECT_FALSE(two.is_empty());
}

}  // namespace
}  // namespace sallyport::json
