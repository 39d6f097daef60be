#include "gateway/http/target.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

namespace sallyport::http {
namespace {

RequestTarget accepted(std::string_view raw, Arena& arena, Method method = Method::get) {
  const auto result = canonicalise(raw, method, arena);
  EXPECT_TRUE(std::holds_alternative<RequestTarget>(result))
      << raw << ": " << describe(std::get<Violation>(result)).id;
  const auto* target = std::get_if<RequestTarget>(&result);
  return target == nullptr ? RequestTarget{} : *target;
}

std::string path_of(std::string_view raw) {
  Arena arena;
  return std::string(accepted(raw, arena).target.path);
}

TEST(Target, KeepsAnOrdinaryPathAndQueryInPlace) {
  Arena arena;
  constexpr std::string_view kRaw = "/fdx/v6/accounts/1-2_3.4~5?limit=10&x=a%2Fb";
  const Target target = accepted(kRaw, arena).target;
  EXPECT_EQ(target.path, "/fdx/v6/accounts/1-2_3.4~5");
  EXPECT_EQ(target.path.data(), kRaw.data());
  EXPECT_EQ(target.query, "limit=10&x=a%2Fb");
  EXPECT_TRUE(target.has_query);
}

TEST(Target, TellsAnEmptyQueryFromNone) {
  Arena arena;
  EXPECT_TRUE(accepted("/a?", arena).target.has_query);
  EXPECT_FALSE(accepted("/a", arena).target.has_query);
}

TEST(Target, DecodesEscapesOfUnreservedCharacters) {
  EXPECT_EQ(path_of("/%61%2D%5f%7e%41"), "/a-_~A");
  EXPECT_EQ(path_of("/a%2eb"), "/a.b");
}

TEST(Target, KeepsOtherEscapesWithUpperCaseDigits) {
  EXPECT_EQ(path_of("/a%20b%3f%23%3a"), "/a%20b%3F%23%3A");
  EXPECT_EQ(path_of("/%c3%a4"), "/%C3%A4");
  EXPECT_EQ(path_of("/%f0%9f%98%80"), "/%F0%9F%98%80");
}

TEST(Target, KeepsAnEscapedPercentThatCannotDecodeAgain) {
  EXPECT_EQ(path_of("/100%25"), "/100%25");
  EXPECT_EQ(path_of("/%25zz"), "/%25zz");
  EXPECT_EQ(path_of("/%252"), "/%252");
  EXPECT_EQ(path_of("/%25%25"), "/%25%25");
}

TEST(Target, KeepsATrailingSlashAndTripleDots) {
  EXPECT_EQ(path_of("/a/"), "/a/");
  EXPECT_EQ(path_of("/.../..a/.a"), "/.../..a/.a");
}

TEST(Target, ReadsTheAbsoluteForm) {
  Arena arena;
  const RequestTarget target = accepted("HTTPS://Api.example:8443/a?b", arena);
  EXPECT_EQ(target.authority, "Api.example:8443");
  EXPECT_EQ(target.target.path, "/a");
  EXPECT_EQ(target.target.query, "b");
  EXPECT_EQ(accepted("http://h", arena).target.path, "/");
  EXPECT_EQ(accepted("http://h?q", arena).target.path, "/");
  EXPECT_EQ(accepted("http://h?q", arena).target.query, "q");
}

TEST(Target, IsAnAsteriskForOptions) {
  Arena arena;
  EXPECT_EQ(accepted("*", arena, Method::options).target.path, "*");
  EXPECT_EQ(accepted("http://h", arena, Method::options).target.path, "*");
}

TEST(Target, IsItsOwnCanonicalForm) {
  for (const std::string_view raw :
       {"/", "/%61/%c3%a4/%20?%61", "/%25%7a", "/a%2Eb/", "/a%3fb?", "/:@!$&'()*+,="}) {
    Arena arena;
    const Target once = accepted(raw, arena).target;
    std::string text(once.path);
    if (once.has_query) text.append("?").append(once.query);
    const Target twice = accepted(text, arena).target;
    EXPECT_EQ(twice.path, once.path);
    EXPECT_EQ(twice.query, once.query);
    EXPECT_EQ(twice.has_query, once.has_query);
  }
}

struct Refused {
  const char* name;
  std::string raw;
  Violation why;
};
std::string named(const testing::TestParamInfo<Refused>& info) { return info.param.name; }
void PrintTo(const Refused& refused, std::ostream* out) { *out << refused.raw; }

class TargetRefuses : public testing::TestWithParam<Refused> {};

TEST_P(TargetRefuses, WithTheRightReason) {
  Arena arena;
  const auto result = canonicalise(GetParam().raw, Method::get, arena);
  ASSERT_TRUE(std::holds_alternative<Violation>(result));
  EXPECT_EQ(describe(std::get<Violation>(result)).id, describe(GetParam().why).id);
}

using V = Violation;
INSTANTIATE_TEST_SUITE_P(
    Form, TargetRefuses,
    testing::Values(Refused{"Nothing", "", V::target_bad_form},
                    Refused{"AsteriskForGet", "*", V::target_asterisk},
                    Refused{"AuthorityForm", "example.com:443", V::target_bad_form},
                    Refused{"OtherScheme", "ftp://example.com/", V::target_bad_form},
                    Refused{"SchemeWithoutHost", "http:///a", V::target_bad_form},
                    Refused{"RelativePath", "a/b", V::target_bad_form},
                    Refused{"QueryAlone", "?a", V::target_bad_form}),
    named);

INSTANTIATE_TEST_SUITE_P(
    Segments, TargetRefuses,
    testing::Values(Refused{"Dot", "/a/./b", V::target_dot_segment},
                    Refused{"DotDot", "/a/../b", V::target_dot_segment},
                    Refused{"DotAtTheEnd", "/a/.", V::target_dot_segment},
                    Refused{"DotDotAtTheEnd", "/a/..", V::target_dot_segment},
                    Refused{"DotDotBeforeQuery", "/a/..?b", V::target_dot_segment},
                    Refused{"EncodedDots", "/a/%2e%2E/b", V::target_dot_segment},
                    Refused{"HalfEncodedDots", "/a/.%2e/b", V::target_dot_segment},
                    Refused{"EncodedDot", "/%2e", V::target_dot_segment},
                    Refused{"DotsInAbsoluteForm", "http://h/..", V::target_dot_segment},
                    Refused{"EmptySegment", "/a//b", V::target_empty_segment},
                    Refused{"LeadingDoubleSlash", "//evil.example/a", V::target_empty_segment},
                    Refused{"DoubleSlashAtTheEnd", "/a//", V::target_empty_segment},
                    Refused{"Parameter", "/a;v=1/b", V::target_parameter},
                    Refused{"EncodedParameter", "/a%3bv", V::target_parameter},
                    Refused{"ParameterBehindDots", "/a/..;/b", V::target_parameter}),
    named);

INSTANTIATE_TEST_SUITE_P(
    Escapes, TargetRefuses,
    testing::Values(Refused{"EscapeWithoutDigits", "/a%", V::target_bad_escape},
                    Refused{"EscapeWithOneDigit", "/a%2", V::target_bad_escape},
                    Refused{"EscapeOfLetters", "/a%zz", V::target_bad_escape},
                    Refused{"EscapeInUnicodeStyle", "/%u002f", V::target_bad_escape},
                    Refused{"EncodedSlash", "/a%2fb", V::target_encoded_slash},
                    Refused{"EncodedBackslash", "/a%5Cb", V::target_encoded_backslash},
                    Refused{"EncodedNul", "/a%00", V::target_encoded_control},
                    Refused{"EncodedLineFeed", "/a%0a", V::target_encoded_control},
                    Refused{"EncodedDelete", "/a%7F", V::target_encoded_control},
                    Refused{"EncodedC1Control", "/%c2%85", V::target_encoded_control},
                    Refused{"DoubleEncoding", "/%252f", V::target_double_encoding},
                    Refused{"DoubleEncodingThroughEscapedDigits", "/%25%32%66",
                            V::target_double_encoding},
                    Refused{"DoubleEncodingHalfEscaped", "/%252%65", V::target_double_encoding},
                    Refused{"QueryWithBadEscape", "/a?b=%2", V::target_bad_escape},
                    Refused{"QueryWithEscapeOfLetters", "/a?b=%gg", V::target_bad_escape}),
    named);

INSTANTIATE_TEST_SUITE_P(
    Utf8, TargetRefuses,
    testing::Values(Refused{"OverlongSlash", "/%c0%af", V::target_bad_utf8},
                    Refused{"OverlongOfThree", "/%e0%80%af", V::target_bad_utf8},
                    Refused{"OverlongOfFour", "/%f0%80%80%af", V::target_bad_utf8},
                    Refused{"Surrogate", "/%ed%a0%80", V::target_bad_utf8},
                    Refused{"BeyondTheLast", "/%f4%90%80%80", V::target_bad_utf8},
                    Refused{"ContinuationAlone", "/%80", V::target_bad_utf8},
                    Refused{"CutByTheEnd", "/%c3", V::target_bad_utf8},
                    Refused{"CutByASlash", "/%c3/", V::target_bad_utf8},
                    Refused{"CutByALetter", "/%c3a", V::target_bad_utf8},
                    Refused{"CutByAnEscapedLetter", "/%c3%61", V::target_bad_utf8},
                    Refused{"CutByAnEscapedSpace", "/%c3%20", V::target_bad_utf8},
                    Refused{"InvalidOctet", "/%ff", V::target_bad_utf8}),
    named);

INSTANTIATE_TEST_SUITE_P(
    Characters, TargetRefuses,
    testing::Values(Refused{"Backslash", "/a\\b", V::target_backslash},
                    Refused{"Space", "/a b", V::target_control},
                    Refused{"Tab", "/a\tb", V::target_control},
                    Refused{"Nul", std::string("/a\0", 3), V::target_control},
                    Refused{"Delete", "/a\x7f", V::target_control},
                    Refused{"NonAscii", "/\xc3\xa4", V::target_non_ascii},
                    Refused{"Fragment", "/a#b", V::target_fragment},
                    Refused{"FragmentInQuery", "/a?b#c", V::target_fragment},
                    Refused{"QuotationMark", "/a\"", V::target_illegal_character},
                    Refused{"Brackets", "/a[1]", V::target_illegal_character},
                    Refused{"Pipe", "/a|b", V::target_illegal_character},
                    Refused{"BackslashInQuery", "/a?b\\", V::target_backslash},
                    Refused{"SpaceInQuery", "/a?b c", V::target_control},
                    Refused{"NonAsciiInQuery", "/a?\xff", V::target_non_ascii},
                    Refused{"AngleBracketInQuery", "/a?<x>", V::target_illegal_character}),
    named);

TEST(Target, EscapesInAQueryWhatBrowsersSendUnescaped) {
  Arena arena;
  const auto result = canonicalise("/a?[]{}|^=%7b&b[0]=1", Method::get, arena);
  const auto& target = std::get<RequestTarget>(result).target;
  EXPECT_EQ(target.query, "%5B%5D%7B%7D%7C%5E=%7b&b%5B0%5D=1");
  EXPECT_TRUE(target.has_lax_query);
}

TEST(Target, NotesNothingOfAQueryThatIsInOrder) {
  Arena arena;
  const auto result = canonicalise("/a?b%5B0%5D=1", Method::get, arena);
  const auto& target = std::get<RequestTarget>(result).target;
  EXPECT_EQ(target.query, "b%5B0%5D=1");
  EXPECT_FALSE(target.has_lax_query);
}

TEST(Target, RefusesWhatElseRfc3986KeepsOutOfAQuery) {
  for (const char c : std::string("\"<>\\`#")) {
    Arena arena;
    const auto result = canonicalise(std::string("/a?[") + c, Method::get, arena);
    EXPECT_TRUE(std::holds_alternative<Violation>(result)) << c;
  }
}

TEST(Target, RefusesEveryRawControlAndNonAsciiOctetInPathAndQuery) {
  for (int octet = 0; octet < 256; ++octet) {
    if (octet > 0x20 && octet < 0x7f) continue;
    for (const std::string before : {"/", "/?"}) {
      Arena arena;
      const std::string raw = before + static_cast<char>(octet);
      EXPECT_TRUE(std::holds_alternative<Violation>(canonicalise(raw, Method::get, arena)))
          << octet;
    }
  }
}

}  // namespace
}  // namespace sallyport::http
