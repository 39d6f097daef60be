#include "gateway/json/json.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

namespace sallyport::json {
namespace {

using namespace std::string_view_literals;

std::string error_of(std::string_view text, Limits limits = {}) {
  const auto value = parse(text, limits);
  return value ? "accepted" : value.error().text;
}

std::string quoted(std::string_view text) {
  std::string out;
  append_quoted(out, text);
  return out;
}

TEST(Json, FindsEveryOctetThatIsNotPlainAtEveryPlace) {
  for (int octet = 0; octet < 256; ++octet) {
    const char c = static_cast<char>(octet);
    const bool is_good = octet >= 0x20 && octet < 0x7f && c != '"' && c != '\\';
    for (std::size_t at = 0; at < 19; ++at) {
      std::string text(19, 'a');
      text[at] = c;
      EXPECT_EQ(is_plain(text), is_good) << octet << " at " << at;
    }
  }
}

TEST(Json, ReadsMembersOfEveryType) {
  const auto value = parse(R"({"s":"x","i":-7,"b":true,"a":[1,"two"],"o":{"k":"v"}})");
  ASSERT_TRUE(value);
  EXPECT_EQ(value->member("s").string(), "x");
  EXPECT_EQ(value->member("i").integer(), -7);
  EXPECT_EQ(value->member("b").boolean(), true);
  EXPECT_EQ(value->member("a").size(), 2u);
  EXPECT_EQ(value->member("a").at(1).string(), "two");
  EXPECT_EQ(value->member("o").member("k").string(), "v");
  EXPECT_EQ(value->size(), 5u);
}

TEST(Json, AnswersNothingForWhatIsAbsentOrOfAnotherType) {
  const auto value = parse(R"({"s":"1","a":[]})");
  ASSERT_TRUE(value);
  EXPECT_FALSE(value->member("none").exists());
  EXPECT_FALSE(value->member("none").member("deeper").exists());
  EXPECT_FALSE(value->member("s").integer());
  EXPECT_FALSE(value->member("s").boolean());
  EXPECT_FALSE(value->member("a").string());
  EXPECT_FALSE(value->member("a").at(0).exists());
  EXPECT_FALSE(value->at(0).exists());
  EXPECT_EQ(value->member("s").size(), 0u);
  EXPECT_FALSE(Value().is_object());
}

TEST(Json, LooksNoNameUpThatHoldsNul) {
  const auto value = parse(R"({"admin":true})");
  ASSERT_TRUE(value);
  EXPECT_FALSE(value->member("admin\0x"sv).exists());
}

TEST(Json, ElementsOutliveTheValueTheyCameFrom) {
  Value element;
  {
    const auto value = parse(R"(["kept"])");
    ASSERT_TRUE(value);
    element = value->at(0);
  }
  EXPECT_EQ(element.string(), "kept");
}

TEST(Json, VisitsMembersInTheDocumentsOrder) {
  const auto value = parse(R"({"z":1,"a":2,"m":3})");
  ASSERT_TRUE(value);
  std::vector<std::string> names;
  std::int64_t sum = 0;
  value->for_each_member([&](std::string_view name, const Value& member) {
    names.emplace_back(name);
    sum += *member.integer();
  });
  EXPECT_EQ(names, (std::vector<std::string>{"z", "a", "m"}));
  EXPECT_EQ(sum, 6);
  parse("[1]")->for_each_member([](std::string_view, const Value&) { FAIL(); });
}

TEST(Json, TakesNoFractionOrExponentForAnInteger) {
  for (const auto* text : {"1.0", "1e3", "1E0", "-0.0", "0e-2", "-1.50E+10", " 0.25\t\r\n"}) {
    const auto value = parse(text);
    ASSERT_TRUE(value) << text;
    EXPECT_FALSE(value->is_integer()) << text;
    EXPECT_FALSE(value->integer()) << text;
  }
  EXPECT_EQ(parse("9223372036854775807")->integer(), 9223372036854775807);
}

TEST(Json, TakesTheWholeOfANumberFromItsDigits) {
  const auto whole = [](std::string_view text) {
    const auto value = parse("{\"before\":\"x\",\"n\":" + std::string(text) + ",\"z\":\"y\"}");
    EXPECT_TRUE(value) << text;
    EXPECT_EQ(value->member("z").string(), "y") << text;
    return value->member("n").whole();
  };
  using W = Whole;
  EXPECT_EQ(whole("7"), (W{7, false}));
  EXPECT_EQ(whole("1796000000.25"), (W{1796000000, true}));
  EXPECT_EQ(whole("1.796000000E9"), (W{1796000000, false}));
  EXPECT_EQ(whole("1.7960000005e9"), (W{1796000000, true}));
  EXPECT_EQ(whole("17960000000e-1"), (W{1796000000, false}));
  EXPECT_EQ(whole("0.0000001796e+16"), (W{1796000000, false}));
  // A double has not the digits to tell these from the second that follows.
  EXPECT_EQ(whole("1796000599.99999999999999999999999"), (W{1796000599, true}));
  EXPECT_EQ(whole("1796000600.00000000000000000000001"), (W{1796000600, true}));
  EXPECT_EQ(whole("9007199254740993.0"), (W{9007199254740993, false}));
  EXPECT_EQ(whole("0.0"), (W{0, false}));
  EXPECT_EQ(whole("-0.0"), (W{0, false}));
  EXPECT_EQ(whole("-0.5"), (W{-1, true}));
  EXPECT_EQ(whole("-1.0"), (W{-1, false}));
  EXPECT_EQ(whole("0e300"), (W{0, false}));
  EXPECT_EQ(whole("1e-300"), (W{0, true}));
  EXPECT_EQ(whole("1e0000000000000000000000000001"), (W{10, false}));
  EXPECT_EQ(whole("1e300"), std::nullopt);
  EXPECT_EQ(whole("9223372036854775808.0"), std::nullopt);
  EXPECT_EQ(whole("\"1\""), std::nullopt);
  EXPECT_EQ(whole("true"), std::nullopt);
  EXPECT_EQ(Value().whole(), std::nullopt);
}

TEST(Json, RefusesNumbersThatDoNotFit) {
  EXPECT_EQ(error_of("9223372036854775808"), "JSON line 1 column 1: a number is too large");
  EXPECT_EQ(error_of("[1e999]"), "JSON line 1 column 2: a number is too large");
}

TEST(Json, RefusesNumbersThatWouldBecomeZero) { EXPECT_NE(error_of("1e-999"), "accepted"); }

TEST(Json, DecodesEscapes) {
  EXPECT_EQ(parse(R"("\"\\\/\b\f\n\r\t")")->string(), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(parse(R"("a\u0041\u00e9z\u20AC-\uD83D\uDE00é")")->string(), "aAéz€-😀é");
  EXPECT_EQ(parse(R"({"\u0061":"\u0062"})")->member("a").string(), "b");
  for (const auto* text : {R"("\x")", R"("\u12g4")", R"("\ude00")", R"("\ud800\u0041")",
                           R"("\ud800\n")", R"("\u123)", R"("\)"}) {
    EXPECT_NE(error_of(text), "accepted") << text;
  }
}

TEST(Json, FindsDuplicatesAmongManyMembers) {
  std::string members = "\"m0\":0";
  for (int i = 1; i < 100; ++i) members += ",\"m" + std::to_string(i) + "\":" + std::to_string(i);
  const auto value = parse("{" + members + "}");
  ASSERT_TRUE(value);
  EXPECT_EQ(value->member("m99").integer(), 99);
  for (const auto* repeated : {"m0", "m50", "m99"}) {
    Flaw flaw{};
    EXPECT_FALSE(parse("{" + members + ",\"" + repeated + "\":1}", {}, &flaw)) << repeated;
    EXPECT_EQ(flaw, Flaw::duplicate) << repeated;
  }
}

// Strings are kept apart from the text, so that a document outlives what it was read from, and what
// is read after it in the same thread.
TEST(Json, KeepsWhatItReadWhenTheTextIsGone) {
  std::optional<std::string> text =
      R"(["short", {"na\u006de":"a text that is no small string at all"}])";
  const auto value = parse(*text);
  text.reset();
  ASSERT_TRUE(parse(R"(["other", {"text":"over what the reader may have kept from before"}])"));
  EXPECT_EQ(value->at(1).member("name").string(), "a text that is no small string at all");
  EXPECT_EQ(value->at(0).string(), "short");
}

TEST(Json, ReadsTextsLongerThanTheScratchThatAThreadKeeps) {
  for (const std::size_t size : {1'000u, 16'381u, 16'382u, 16'383u, 16'384u, 60'000u}) {
    const std::string long_text(size, 'x');
    const auto value = parse("[\"" + long_text + "\"]");
    ASSERT_TRUE(value) << size;
    EXPECT_EQ(value->at(0).string(), long_text);
  }
}

TEST(Json, RefusesDuplicateMembersAndQuotesNothing) {
  const std::string error = error_of("{\"secret\":1,\n \"secret\":2}");
  EXPECT_EQ(error, "JSON line 2 column 2: a member name appears twice");
  EXPECT_NE(error_of(R"({"a":1,"\u0061":2})"), "accepted");
}

TEST(Json, RefusesNulInAnySpelling) {
  EXPECT_EQ(error_of("[1]\0"sv), "JSON line 1 column 4: NUL");
  EXPECT_EQ(error_of("\"a\0\""sv), "JSON line 1 column 3: NUL");
  EXPECT_EQ(error_of("\"a\\\0\""sv), "JSON line 1 column 4: NUL");
  EXPECT_EQ(error_of(R"(["\u0000"])"), "JSON line 1 column 2: NUL in a string");
  EXPECT_EQ(error_of(R"({"\u0000":1})").find("JSON line 1"), 0u);
}

TEST(Json, RefusesInvalidUtf8) {
  EXPECT_EQ(error_of("\"\xC0\x80\""), "JSON line 1 column 2: invalid UTF-8");
  EXPECT_EQ(error_of("\xFF"), "JSON line 1 column 1: invalid UTF-8");
  EXPECT_NE(error_of("\"\xED\xA0\x80\""), "accepted");
  EXPECT_NE(error_of("\"\xF5\x80\x80\x80\""), "accepted");
  EXPECT_NE(error_of(R"("\ud800")"), "accepted");
}

TEST(Json, ReadsExactlyOneValue) {
  EXPECT_EQ(error_of("{} {}"), "JSON line 1 column 4: something follows the value");
  EXPECT_EQ(error_of("[1"), "JSON line 1 column 2: ends too early");
  EXPECT_EQ(error_of("[1}"), "JSON line 1 column 3: invalid syntax");
  EXPECT_NE(error_of(""), "accepted");
}

// What stands alone follows the same rules as what stands in a container.
TEST(Json, JudgesARootLikeAnElement) {
  const std::string digits(2000, '1');
  for (const auto& text :
       std::vector<std::string>{"null", "true", "false", "-1", "0." + digits, "\"x\"", " [] "}) {
    EXPECT_EQ(error_of(text), "accepted") << text;
    EXPECT_EQ(error_of("[" + text + "]"), "accepted") << text;
  }
  for (const std::string text : {"nullx", "nul", "truex", "1x", "01", "1.", "-", "]", "1,", ",1",
                                 "[1],[2]", "[]]", "}", "\"x\"x", "/**/1", "NaN", "-inf"}) {
    EXPECT_NE(error_of(text), "accepted") << text;
  }
}

TEST(Json, SaysWhereAControlCharacterStands) {
  EXPECT_EQ(error_of("[\"a\\\"\",\n \"b\nc\"]"),
            "JSON line 2 column 4: a control character in a string");
}

TEST(Json, TellsFlawsOfNumbersApart) {
  for (const auto* text : {"9223372036854775808", "-9223372036854775809", "18446744073709551616",
                           "1e999", "-1e999", "1e-999"}) {
    Flaw flaw{};
    EXPECT_FALSE(parse(text, {}, &flaw)) << text;
    EXPECT_EQ(flaw, Flaw::number) << text;
  }
  for (const auto* text : {"01", "-01", "00.5", "1.", "1.e5", "-", "-.5", "1e", "1e+", "+1", ".5",
                           "0x1", "1_0", "1.5.5", "1 .5", "-inf", "-nan", "1e5x"}) {
    Flaw flaw{};
    EXPECT_FALSE(parse(text, {}, &flaw)) << text;
    EXPECT_EQ(flaw, Flaw::syntax) << text;
  }
}

TEST(Json, BoundsBytesExactly) {
  EXPECT_EQ(error_of("[1]", {.max_bytes = 3}), "accepted");
  EXPECT_EQ(error_of("[12]", {.max_bytes = 3}), "JSON of 4 bytes, more than 3");
}

TEST(Json, BoundsDepthExactly) {
  EXPECT_EQ(error_of("[[1]]", {.max_depth = 2}), "accepted");
  EXPECT_EQ(error_of("[[1],\n{\"a\":[]}]", {.max_depth = 2}),
            "JSON line 2 column 6: nested too deep");
  EXPECT_EQ(error_of(R"(["[[[[\"[[["])", {.max_depth = 1}), "accepted");
  EXPECT_EQ(error_of(std::string(60'000, '[')), "JSON line 1 column 17: nested too deep");
}

TEST(Json, BlamesTheClientForTheInput) { EXPECT_EQ(parse("[").error().fault, Fault::client); }

TEST(JsonQuote, EscapesWhatRfc8259Requires) {
  EXPECT_EQ(quoted("a\"b\\c/"), R"("a\"b\\c/")");
  EXPECT_EQ(quoted("\n\r\t\x01\x1f\0"sv), R"("\n\r\t\u0001\u001f\u0000")");
  EXPECT_EQ(quoted("é€😀"), "\"é€😀\"");
}

// Long texts are looked at in blocks: every octet at every place of one, and of what is left over.
// What a terminal obeys, or what rearranges a line, is not passed on to whoever reads the log.
TEST(JsonQuote, EscapesWhatReadersWouldNotSee) {
  EXPECT_EQ(quoted("\x1B]0;title\x07"), R"("\u001b]0;title\u0007")");
  EXPECT_EQ(quoted("a\x7Fz"), R"("a\u007fz")");
  for (std::uint32_t c = 1; c < 0x3000; ++c) {
    std::string text;
    if (c < 0x80) {
      text = {static_cast<char>(c)};
    } else if (c < 0x800) {
      text = {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 63))};
    } else {
      text = {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 63)),
              static_cast<char>(0x80 | (c & 63))};
    }
    const bool is_bad = c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x61C || c == 0x200E ||
                        c == 0x200F || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
    const std::string line = quoted(std::string_view(text));
    EXPECT_EQ(line.find(text) == std::string::npos, is_bad) << c;
    const auto again = parse(line);
    ASSERT_TRUE(again) << c;
    EXPECT_EQ(again->string(), text) << c;
  }
}

TEST(JsonQuote, JudgesAlikeAtEveryPlace) {
  for (int octet = 0; octet < 256; ++octet) {
    const std::string one(1, static_cast<char>(octet));
    const bool is_good = octet >= 0x20 && octet < 0x7f && octet != '"' && octet != '\\';
    EXPECT_EQ(is_plain(one), is_good) << octet;
    std::string within = quoted(std::string_view(one));
    within = within.substr(1, within.size() - 2);
    for (std::size_t size = 1; size < 43; ++size) {
      for (std::size_t at = 0; at < size; ++at) {
        const std::string before(at, 'v'), after(size - 1 - at, 'v');
        const std::string text = before + one + after;
        ASSERT_EQ(is_plain(text), is_good) << octet << " at " << at << " of " << size;
        ASSERT_EQ(quoted(std::string_view(text)), '"' + before + within + after + '"') << octet;
      }
    }
  }
}

TEST(JsonQuote, ReplacesInvalidUtf8) {
  EXPECT_EQ(quoted("a\xFFz"), "\"a\xEF\xBF\xBDz\"");
  EXPECT_EQ(quoted("\xE2\x82"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_EQ(quoted("\xC0\xAF"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_EQ(quoted("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_EQ(quoted("\xF4\x90\x80\x80").find("\xF4"), std::string::npos);
}

// What RFC 8259 allows and we refuse all the same: two readers could see two different documents.
bool is_refused_on_purpose(const std::string& name) {
  return name == "y_object_duplicated_key.json" ||
         name == "y_object_duplicated_key_and_value.json" ||
         name == "y_object_escaped_null_in_key.json" || name == "y_string_null_escape.json";
}

// The public JSON test suite: y_ must be read, n_ must be refused, i_ may be either.
TEST(JsonVectors, AgreesWithThePublicTestSuite) {
  const char* named = std::getenv("SALLYPORT_VECTORS");
  const std::filesystem::path folder =
      std::filesystem::path(named != nullptr ? named : SALLYPORT_VECTORS) / "json-parsing";
  if (!std::filesystem::is_directory(folder)) {
    GTEST_SKIP() << "no JSON vectors; set SALLYPORT_VECTORS to the folder that has json-parsing/";
  }
  int seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (entry.path().extension() != ".json") continue;
    std::ostringstream text;
    text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    const auto value = parse(text.str(), {.max_bytes = 1 << 20, .max_depth = 64});
    if (name.starts_with("n_") || is_refused_on_purpose(name)) {
      EXPECT_FALSE(value) << name;
    } else if (name.starts_with("y_")) {
      EXPECT_TRUE(value) << name << ": " << value.error().text;
    }
    ++seen;
  }
  EXPECT_GT(seen, 100);
}

}  // namespace
}  // namespace sallyport::json
