#include "gateway/http/h1_response.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace sallyport::http {
namespace {

std::variant<ResponseHead, Violation> parse(std::string_view head, Method method = Method::get) {
  return parse_response_head(head, method, {});
}

ResponseHead accepted(std::string_view head, Method method = Method::get) {
  auto result = parse(head, method);
  if (const auto* violation = std::get_if<Violation>(&result)) {
    ADD_FAILURE() << describe(*violation).id;
    return {};
  }
  return std::get<ResponseHead>(std::move(result));
}

TEST(H1Response, ReadsAnOrdinaryResponse) {
  constexpr std::string_view kHead =
      "HTTP/1.1 404 Not Found here\r\nContent-Length: 3\r\nETag: \"x\"\r\n\r\n";
  const ResponseHead response = accepted(kHead);
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.reason, "Not Found here");
  EXPECT_EQ(response.body.framing, Framing::length);
  EXPECT_EQ(response.body.length, 3U);
  EXPECT_TRUE(response.keep_alive);
  ASSERT_EQ(response.fields.size(), 1U);
  EXPECT_EQ(response.fields.begin()->name, "ETag");
}

TEST(H1Response, MayHaveAnEmptyReason) { EXPECT_EQ(accepted("HTTP/1.1 200 \r\n\r\n").reason, ""); }

TEST(H1Response, ReadsChunked) {
  const auto response = accepted("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(response.body.framing, Framing::chunked);
  EXPECT_TRUE(response.keep_alive);
}

TEST(H1Response, EndsWithTheConnectionWhenNothingSaysOtherwise) {
  const auto response = accepted("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(response.body.framing, Framing::until_close);
  EXPECT_FALSE(response.keep_alive);
}

TEST(H1Response, AcceptsHttp10) {
  const std::string head = "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n";
  EXPECT_FALSE(accepted(head + "\r\n").keep_alive);
  EXPECT_TRUE(accepted(head + "Connection: keep-alive\r\n\r\n").keep_alive);
  EXPECT_EQ(accepted(head + "\r\n").version_minor, 0);
}

TEST(H1Response, ToHeadHasNoBodyAndKeepsItsAnnouncedLength) {
  const auto response = accepted("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", Method::head);
  EXPECT_EQ(response.body.framing, Framing::none);
  EXPECT_EQ(response.announced_length, 7U);
  EXPECT_TRUE(response.keep_alive);
  const auto chunked =
      accepted("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Method::head);
  EXPECT_EQ(chunked.body.framing, Framing::none);
  EXPECT_EQ(chunked.announced_length, std::nullopt);
}

// What a server announces and must not send, it may send all the same.
TEST(H1Response, SaysWhetherContentIsWithheld) {
  const std::string head = "HTTP/1.1 304 Not Modified\r\n";
  EXPECT_FALSE(accepted(head + "\r\n").withholds_content);
  EXPECT_FALSE(accepted(head + "Content-Length: 0\r\n\r\n").withholds_content);
  EXPECT_TRUE(accepted(head + "Content-Length: 7\r\n\r\n").withholds_content);
  EXPECT_TRUE(accepted(head + "Transfer-Encoding: chunked\r\n\r\n").withholds_content);
  EXPECT_FALSE(accepted("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n").withholds_content);
}

TEST(H1Response, NotModifiedHasNoBodyAndKeepsItsAnnouncedLength) {
  const auto response = accepted("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n");
  EXPECT_EQ(response.body.framing, Framing::none);
  EXPECT_EQ(response.announced_length, 7U);
}

TEST(H1Response, InterimAndNoContentHaveNoBody) {
  for (const std::string status : {"100 Continue", "103 Early Hints", "204 No Content"}) {
    const auto response = accepted("HTTP/1.1 " + status + "\r\n\r\n");
    EXPECT_EQ(response.body.framing, Framing::none) << status;
    EXPECT_TRUE(response.keep_alive) << status;
  }
  EXPECT_EQ(accepted("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n").announced_length,
            std::nullopt);
}

TEST(H1Response, DropsHopByHopFieldsAndUpgradeOffers) {
  const auto response = accepted(
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nUpgrade: h2,h2c\r\nConnection: Upgrade, X-Hop\r\n"
      "X-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nServer: s\r\n\r\n");
  ASSERT_EQ(response.fields.size(), 1U);
  EXPECT_EQ(response.fields.begin()->name, "Server");
}

TEST(H1Response, ToleratesAStatusLineThatEndsWithItsCode) {
  const auto response = accepted("HTTP/1.1 200\r\nContent-Length: 15\r\n\r\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.reason, "");
  EXPECT_EQ(response.slips, kNoReasonSpace);
  EXPECT_TRUE(response.keep_alive);
  EXPECT_EQ(accepted("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n").slips, 0);
}

// Whoever announces content with 204 may send it: the answer is whole, the connection is not kept.
TEST(H1Response, ToleratesContentThatA204Announces) {
  for (const std::string field : {"Content-Length: 5", "Transfer-Encoding: chunked"}) {
    const auto response = accepted("HTTP/1.1 204 No Content\r\n" + field + "\r\n\r\n");
    EXPECT_FALSE(response.body.has_body());
    EXPECT_EQ(response.announced_length, std::nullopt);
    EXPECT_FALSE(response.keep_alive);
    EXPECT_EQ(response.slips, kContentWithout);
  }
}

struct Refused {
  const char* name;
  std::string head;
  Violation why;
};
void PrintTo(const Refused& refused, std::ostream* out) { *out << refused.head; }

class H1ResponseRefuses : public testing::TestWithParam<Refused> {};

TEST_P(H1ResponseRefuses, WithTheRightReason) {
  const auto result = parse(GetParam().head);
  ASSERT_TRUE(std::holds_alternative<Violation>(result));
  EXPECT_EQ(describe(std::get<Violation>(result)).id, describe(GetParam().why).id);
}

Refused line(const char* name, std::string_view status_line, Violation why) {
  return {name, std::string(status_line) + "\r\nContent-Length: 0\r\n\r\n", why};
}
Refused fields(const char* name, std::string_view lines, Violation why) {
  return {name, "HTTP/1.1 200 OK\r\n" + std::string(lines) + "\r\n", why};
}
std::string named(const testing::TestParamInfo<Refused>& info) { return info.param.name; }

using V = Violation;
using namespace std::string_view_literals;

INSTANTIATE_TEST_SUITE_P(
    StatusLine, H1ResponseRefuses,
    testing::Values(line("Empty", "", V::bad_status_line),
                    line("Http2", "HTTP/2.0 200 OK", V::bad_status_line),
                    line("Http12", "HTTP/1.2 200 OK", V::bad_status_line),
                    line("LowerCase", "http/1.1 200 OK", V::bad_status_line),
                    line("OtherProtocol", "SSH-2.0-OpenSSH_9.2", V::bad_status_line),
                    line("TwoSpaces", "HTTP/1.1  200 OK", V::bad_status_line),
                    line("LongCode", "HTTP/1.1 2000 OK", V::bad_status_line),
                    line("ShortCode", "HTTP/1.1 20 OK", V::bad_status_line),
                    line("CodeOfLetters", "HTTP/1.1 2xx OK", V::bad_status_code),
                    line("CodeWithSign", "HTTP/1.1 +20 OK", V::bad_status_code),
                    line("CodeTooSmall", "HTTP/1.1 099 OK", V::bad_status_code),
                    line("CodeTooLarge", "HTTP/1.1 600 OK", V::bad_status_code),
                    line("NulInReason", "HTTP/1.1 200 O\0K"sv, V::bad_status_line),
                    line("BareReturnInReason", "HTTP/1.1 200 O\rK", V::bare_carriage_return),
                    line("BareLineFeedInReason", "HTTP/1.1 200 O\nK", V::bare_line_feed),
                    line("SwitchingProtocols", "HTTP/1.1 101 Switching Protocols",
                         V::switching_protocols_refused)),
    named);

INSTANTIATE_TEST_SUITE_P(
    Fields, H1ResponseRefuses,
    testing::Values(
        fields("Folded", "X: a\r\n b\r\n", V::obs_fold),
        fields("SpaceBeforeColon", "Content-Length : 5\r\n", V::space_before_colon),
        fields("NulInValue", "X: a\0\r\n"sv, V::nul_in_field),
        fields("BothLengths", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
               V::both_lengths),
        fields("TwoLengths", "Content-Length: 5\r\nContent-Length: 5\r\n",
               V::duplicate_content_length),
        fields("LengthList", "Content-Length: 5, 5\r\n", V::list_content_length),
        fields("BadLength", "Content-Length: 5a\r\n", V::bad_content_length),
        fields("LengthOverflow", "Content-Length: 99999999999999999999\r\n",
               V::content_length_overflow),
        fields("UnknownCoding", "Transfer-Encoding: gzip, chunked\r\n", V::unknown_transfer_coding),
        fields("ChunkedNotLast", "Transfer-Encoding: chunked, gzip\r\n", V::bad_transfer_encoding),
        fields("LookAlike", "Transfer_Encoding: chunked\r\n", V::framing_lookalike),
        fields("ConnectionNamesACookie", "Connection: Set-Cookie\r\n",
               V::connection_names_protected_field),
        Refused{"CodingInHttp10", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                V::transfer_encoding_in_http10},
        Refused{"BothLengthsWithNoContent",
                "HTTP/1.1 204 X\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
                V::both_lengths},
        Refused{"LengthWithContinue", "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n",
                V::body_not_allowed},
        Refused{"Truncated", "HTTP/1.1 200 OK\r\nX: a\r\n", V::truncated_head}),
    named);

TEST(H1Response, KeepsItsLimits) {
  const HeadLimits limits{.max_fields = 1};
  const auto result =
      parse_response_head("HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\n\r\n", Method::get, limits);
  ASSERT_EQ(result.index(), 1U);
  EXPECT_EQ(std::get<Violation>(result), Violation::too_many_fields);
}

TEST(H1Response, RefusesABadLengthToHeadToo) {
  const auto result = parse("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", Method::head);
  ASSERT_EQ(result.index(), 1U);
  EXPECT_EQ(std::get<Violation>(result), Violation::bad_content_length);
}

// ---- what is repaired

ResponseHead repaired(std::string_view lines, Arena& arena) {
  const std::string_view head = arena.copy("HTTP/1.1 200 OK\r\n" + std::string(lines) + "\r\n");
  EXPECT_TRUE(std::holds_alternative<Violation>(parse(head))) << lines;
  auto result = parse_response_head(head, Method::get, {}, &arena);
  if (const auto* violation = std::get_if<Violation>(&result)) {
    ADD_FAILURE() << describe(*violation).id << " in " << lines;
    return {};
  }
  return std::get<ResponseHead>(std::move(result));
}

TEST(H1ResponseRepairs, WhiteSpaceBeforeAColon) {
  Arena arena;
  const auto response = repaired("A: 1\r\nX-B \t: 2\r\nContent-Length: 3\r\nC: 4\r\n", arena);
  EXPECT_EQ(response.slips, kSpaceBeforeColon);
  EXPECT_EQ(response.body.length, 3U);
  ASSERT_NE(response.fields.find("x-b"), nullptr);
  EXPECT_EQ(response.fields.find("x-b")->value, "2");
  EXPECT_EQ(response.fields.find("c")->value, "4");
  EXPECT_EQ(response.fields.size(), 3U);
}

TEST(H1ResponseRepairs, FoldedLines) {
  Arena arena;
  const auto response =
      repaired("A: 1\r\n\t2\r\n  3\r\nB:\r\n \r\nC: d\r\nContent-Length: 0\r\n", arena);
  EXPECT_EQ(response.slips, kFoldedLine);
  EXPECT_EQ(response.fields.find("a")->value, "1  \t2    3");
  EXPECT_EQ(response.fields.find("b")->value, "");
  EXPECT_EQ(response.fields.find("c")->value, "d");
}

TEST(H1ResponseRepairs, NothingThatSaysWhereTheAnswerEndsNorOtherFaults) {
  for (const std::string& lines :
       {std::string("Content-Length : 0\r\n"), std::string("Content-Length:\r\n 0\r\n"),
        std::string("Transfer-Encoding : chunked\r\n"),
        std::string("Transfer_Encoding :\tchunked\r\n"),
        std::string("Connection: a,\r\n close\r\n"), std::string(" A: 1\r\n"),
        std::string("\tContent-Length: 0\r\nB : c\r\n"), std::string("A B : c\r\n"),
        std::string("A: 1\n 2\r\n"), std::string("A: 1\r\r\n 2\r\n"), std::string("A: 1\r 2\r\n"),
        std::string("A :\0\r\n", 6), std::string(" : b\r\n"), std::string("A \r\n : b\r\n")}) {
    Arena arena;
    const std::string head = "HTTP/1.1 200 OK\r\n" + lines + "\r\n";
    const auto result = parse_response_head(head, Method::get, {}, &arena);
    EXPECT_TRUE(std::holds_alternative<Violation>(result)) << lines;
  }
}

TEST(H1ResponseRepairs, CountAgainstTheLimitOfAField) {
  Arena arena;
  const std::string head = "HTTP/1.1 200 OK\r\nA: 12345\r\n 6789\r\n\r\n";
  const HeadLimits limits{.max_field_bytes = 12};
  const auto result = parse_response_head(head, Method::get, limits, &arena);
  ASSERT_TRUE(std::holds_alternative<Violation>(result));
  EXPECT_EQ(std::get<Violation>(result), Violation::field_too_large);
}

TEST(H1Response, NotesACodingWith304) {
  const auto response = accepted("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(response.slips, kCodingWith304);
  EXPECT_EQ(response.body.framing, Framing::none);
  EXPECT_TRUE(response.withholds_content);
  EXPECT_TRUE(response.keep_alive);
}

}  // namespace
}  // namespace sallyport::http
