#include "gateway/http/h1_request.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace sallyport::http {
namespace {

std::variant<RequestHead, Violation> parse(std::string_view head, Arena& arena,
                                           const HeadLimits& limits = {}) {
  return parse_request_head(arena.copy(head), limits, arena);
}

RequestHead accepted(std::string_view head, Arena& arena) {
  auto result = parse(head, arena);
  if (const auto* violation = std::get_if<Violation>(&result)) {
    ADD_FAILURE() << describe(*violation).id;
    return {};
  }
  return std::get<RequestHead>(std::move(result));
}

// with makes a whole GET with more field lines; each ends with CRLF.
std::string with(std::string_view lines) {
  return "GET /a HTTP/1.1\r\nHost: api.example\r\n" + std::string(lines) + "\r\n";
}

TEST(H1Request, ReadsAnOrdinaryRequest) {
  Arena arena;
  const RequestHead request = accepted(
      "POST /fdx/v6/accounts?x=1 HTTP/1.1\r\nHost: API.example:8443\r\n"
      "Content-Length: 12\r\nAuthorization:Bearer t\r\nX-Empty:\r\nAccept: \t a, b \t\r\n\r\n",
      arena);
  EXPECT_EQ(request.method, Method::post);
  EXPECT_EQ(request.method_text, "POST");
  EXPECT_EQ(request.target.path, "/fdx/v6/accounts");
  EXPECT_EQ(request.target.query, "x=1");
  EXPECT_EQ(request.authority, "api.example:8443");
  EXPECT_EQ(request.host, "api.example");
  EXPECT_EQ(request.version_minor, 1);
  EXPECT_EQ(request.body.framing, Framing::length);
  EXPECT_EQ(request.body.length, 12U);
  EXPECT_TRUE(request.keep_alive);
  ASSERT_EQ(request.fields.size(), 3U);
  EXPECT_EQ(request.fields.find("authorization")->value, "Bearer t");
  EXPECT_EQ(request.fields.find("x-empty")->value, "");
  EXPECT_EQ(request.fields.find("accept")->value, "a, b");
}

TEST(H1Request, RefusesAnEmptyLineBefore) {
  Arena arena;
  const auto result = parse("\r\n" + with(""), arena);
  ASSERT_TRUE(std::holds_alternative<Violation>(result));
  EXPECT_EQ(std::get<Violation>(result), Violation::bad_request_line);
}

TEST(H1Request, KeepsUnknownMethodsByTheirText) {
  Arena arena;
  const auto request = accepted("PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n", arena);
  EXPECT_EQ(request.method, Method::other);
  EXPECT_EQ(request.method_text, "PROPFIND");
}

TEST(H1Request, HasNoBodyWithoutFraming) {
  Arena arena;
  EXPECT_EQ(accepted(with(""), arena).body.framing, Framing::none);
}

TEST(H1Request, ReadsChunkedInAnyCaseAndWithSpaceAround) {
  Arena arena;
  EXPECT_EQ(accepted(with("Transfer-Encoding: \tChunKed \r\n"), arena).body.framing,
            Framing::chunked);
}

TEST(H1Request, AllowsABodyWithAnyMethod) {
  Arena arena;
  for (const std::string method : {"GET", "DELETE", "OPTIONS"}) {
    const auto request =
        accepted(method + " /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", arena);
    EXPECT_EQ(request.body.framing, Framing::chunked) << method;
  }
}

TEST(H1Request, TakesTheLargestContentLength) {
  Arena arena;
  EXPECT_EQ(accepted(with("Content-Length: 9223372036854775807\r\n"), arena).body.length,
            9223372036854775807U);
}

TEST(H1Request, TakesAnAbsoluteTargetOfTheSameHost) {
  Arena arena;
  const auto request =
      accepted("GET https://A.example/x HTTP/1.1\r\nHost: a.Example\r\n\r\n", arena);
  EXPECT_EQ(request.authority, "a.example");
  EXPECT_EQ(request.target.path, "/x");
}

TEST(H1Request, ClosesWhenAsked) {
  Arena arena;
  EXPECT_FALSE(accepted(with("Connection: Close\r\n"), arena).keep_alive);
  EXPECT_FALSE(accepted(with("Connection: keep-alive, close\r\n"), arena).keep_alive);
  EXPECT_TRUE(accepted(with("Connection: keep-alive\r\n"), arena).keep_alive);
}

TEST(H1Request, KeepsHttp10OpenOnlyWhenAsked) {
  Arena arena;
  const auto plain = accepted("GET / HTTP/1.0\r\nHost: a\r\n\r\n", arena);
  EXPECT_EQ(plain.version_minor, 0);
  EXPECT_FALSE(plain.keep_alive);
  EXPECT_TRUE(
      accepted("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", arena).keep_alive);
}

TEST(H1Request, DropsHopByHopFieldsAndThoseThatConnectionNames) {
  Arena arena;
  const auto request =
      accepted(with("X-Mine: 1\r\nConnection: x-mine, TE,, keep-alive\r\nTE: trailers\r\n"
                    "Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTrailer: Digest\r\n"
                    "Proxy-Authorization: Basic eA==\r\nAccept: b\r\nX-MINE: 2\r\n"),
               arena);
  ASSERT_EQ(request.fields.size(), 1U);
  EXPECT_EQ(request.fields.begin()->name, "Accept");
}

TEST(H1Request, ExpectsContinueOnlyWithABodyAndInHttp11) {
  Arena arena;
  const std::string expect = "Expect: 100-Continue\r\n";
  const auto asked = accepted(with(expect + "Content-Length: 5\r\n"), arena);
  EXPECT_TRUE(asked.expects_continue);
  EXPECT_EQ(asked.fields.find("Expect"), nullptr);
  EXPECT_FALSE(accepted(with(expect), arena).expects_continue);
  EXPECT_FALSE(
      accepted("PUT / HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\n" + expect + "\r\n", arena)
          .expects_continue);
}

TEST(H1Request, PointsIntoTheHeadWithoutCopying) {
  Arena arena;
  const std::string_view head = arena.copy(with("Accept: b\r\n"));
  const auto result = parse_request_head(head, {}, arena);
  const auto& request = std::get<RequestHead>(result);
  EXPECT_EQ(request.target.path.data(), head.data() + 4);
  EXPECT_EQ(request.fields.begin()->name.data(), head.data() + head.find("Accept"));
}

struct Refused {
  const char* name;
  std::string head;
  Violation why;
};
void PrintTo(const Refused& refused, std::ostream* out) { *out << refused.head; }

class H1RequestRefuses : public testing::TestWithParam<Refused> {};

TEST_P(H1RequestRefuses, WithTheRightReason) {
  Arena arena;
  const auto result = parse(GetParam().head, arena);
  ASSERT_TRUE(std::holds_alternative<Violation>(result));
  EXPECT_EQ(describe(std::get<Violation>(result)).id, describe(GetParam().why).id);
}

Refused line(const char* name, std::string_view request_line, Violation why) {
  return {name, std::string(request_line) + "\r\nHost: a\r\n\r\n", why};
}
Refused fields(const char* name, std::string_view lines, Violation why) {
  return {name, with(lines), why};
}
std::string named(const testing::TestParamInfo<Refused>& info) { return info.param.name; }

using V = Violation;
using namespace std::string_view_literals;

INSTANTIATE_TEST_SUITE_P(
    RequestLine, H1RequestRefuses,
    testing::Values(line("NoTarget", "GET", V::bad_request_line),
                    line("Http09", "GET /", V::version_not_supported),
                    line("Http09ByName", "GET / HTTP/0.9", V::version_not_supported),
                    line("Http12", "GET / HTTP/1.2", V::version_not_supported),
                    line("Http2", "GET / HTTP/2.0", V::version_not_supported),
                    line("Http2Preface", "PRI * HTTP/2.0", V::version_not_supported),
                    line("LongVersion", "GET / HTTP/1.10", V::bad_request_line),
                    line("LowerCaseVersion", "GET / http/1.1", V::bad_request_line),
                    line("OtherProtocol", "GET / ICAP/1.0", V::bad_request_line),
                    line("TwoSpacesBeforeTarget", "GET  / HTTP/1.1", V::bad_request_line),
                    line("TwoSpacesBeforeVersion", "GET /  HTTP/1.1", V::bad_request_line),
                    line("SpaceAtTheEnd", "GET / HTTP/1.1 ", V::bad_request_line),
                    line("SpaceInTarget", "GET /a b HTTP/1.1", V::bad_request_line),
                    line("TabForSpace", "GET\t/ HTTP/1.1", V::bad_method),
                    line("SpaceFirst", " GET / HTTP/1.1", V::bad_method),
                    line("TabInTarget", "GET /\ta HTTP/1.1", V::target_control),
                    line("NulInTarget", "GET /\0 HTTP/1.1"sv, V::target_control),
                    line("BareReturn", "GET / HTTP/1.1\rX", V::bare_carriage_return),
                    line("MethodNoToken", "GE(T / HTTP/1.1", V::bad_method),
                    line("MethodInLowerCase", "get / HTTP/1.1", V::bad_method),
                    line("LongMethod", "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1",
                         V::bad_method),
                    line("Connect", "CONNECT a:443 HTTP/1.1", V::connect_refused),
                    line("Trace", "TRACE / HTTP/1.1", V::trace_refused),
                    line("AsteriskForGet", "GET * HTTP/1.1", V::target_asterisk),
                    line("AuthorityForm", "GET a:443 HTTP/1.1", V::target_bad_form),
                    line("EncodedSlash", "GET /a%2Fb HTTP/1.1", V::target_encoded_slash),
                    line("OtherHostInTarget", "GET http://b/ HTTP/1.1", V::host_mismatch),
                    line("OtherPortInTarget", "GET http://a:80/ HTTP/1.1", V::host_mismatch),
                    line("UserPartInTarget", "GET http://a@a/ HTTP/1.1", V::host_mismatch)),
    named);

INSTANTIATE_TEST_SUITE_P(
    FieldLines, H1RequestRefuses,
    testing::Values(fields("Folded", "X: a\r\n b\r\n", V::obs_fold),
                    fields("FoldedByTab", "X: a\r\n\tb\r\n", V::obs_fold),
                    Refused{"SpaceBeforeFirstField", "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
                            V::obs_fold},
                    fields("SpaceBeforeColon", "X : a\r\n", V::space_before_colon),
                    fields("TabBeforeColon", "X\t: a\r\n", V::space_before_colon),
                    fields("SpaceInName", "X Y: a\r\n", V::bad_field_name),
                    fields("NoColon", "X\r\n", V::missing_colon),
                    fields("EmptyName", ": a\r\n", V::empty_field_name),
                    fields("NameNoToken", "X(: a\r\n", V::bad_field_name),
                    fields("NonAsciiName", "X\xc3: a\r\n", V::bad_field_name),
                    fields("NulInName", "X\0: a\r\n"sv, V::nul_in_field),
                    fields("NulInValue", "X: a\0b\r\n"sv, V::nul_in_field),
                    fields("ControlInValue", "X: a\x01\r\n", V::control_in_field),
                    fields("VerticalTab",
                           "Transfer-Encoding: \x0b"
                           "chunked\r\n",
                           V::control_in_field),
                    fields("Delete", "X: a\x7f\r\n", V::control_in_field),
                    fields("BareReturnInValue", "X: a\rb\r\n", V::bare_carriage_return),
                    fields("BareReturnInName", "X\rY: a\r\n", V::bare_carriage_return),
                    fields("BareLineFeedInValue", "X: a\nY: b\r\n", V::bare_line_feed),
                    fields("BareLineFeedInName", "X\nY: b\r\n", V::bare_line_feed),
                    fields("EmptyLineInside", "X: a\r\n\r\nY: b\r\n", V::missing_colon)),
    named);

INSTANTIATE_TEST_SUITE_P(
    Host, H1RequestRefuses,
    testing::Values(
        Refused{"Missing", "GET / HTTP/1.1\r\n\r\n", V::missing_host},
        Refused{"MissingInHttp10", "GET / HTTP/1.0\r\n\r\n", V::missing_host},
        Refused{"MissingWithAbsoluteTarget", "GET http://a/ HTTP/1.1\r\n\r\n", V::missing_host},
        fields("Twice", "Host: api.example\r\n", V::duplicate_host),
        fields("TwiceInAnotherCase", "HOST: evil\r\n", V::duplicate_host),
        Refused{"Empty", "GET / HTTP/1.1\r\nHost:\r\n\r\n", V::bad_host},
        Refused{"UserPart", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", V::authority_userinfo},
        Refused{"List", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", V::bad_host},
        Refused{"BadPort", "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", V::bad_port},
        Refused{"TrailingDot", "GET / HTTP/1.1\r\nHost: a.\r\n\r\n", V::host_trailing_dot}),
    named);

INSTANTIATE_TEST_SUITE_P(
    Framing, H1RequestRefuses,
    testing::Values(
        fields("BothLengths", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
               V::both_lengths),
        fields("BothLengthsTheOtherWay", "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
               V::both_lengths),
        fields("BothLengthsWithUnknownCoding", "Transfer-Encoding: x\r\nContent-Length: 5\r\n",
               V::both_lengths),
        fields("TwoLengths", "Content-Length: 5\r\nContent-Length: 6\r\n",
               V::duplicate_content_length),
        fields("TwoEqualLengths", "Content-Length: 5\r\ncontent-length: 5\r\n",
               V::duplicate_content_length),
        fields("LengthList", "Content-Length: 5, 5\r\n", V::list_content_length),
        fields("PositiveLength", "Content-Length: +5\r\n", V::bad_content_length),
        fields("NegativeLength", "Content-Length: -5\r\n", V::bad_content_length),
        fields("EmptyLength", "Content-Length:\r\n", V::bad_content_length),
        fields("SpaceInLength", "Content-Length: 5 0\r\n", V::bad_content_length),
        fields("HexadecimalLength", "Content-Length: 0x5\r\n", V::bad_content_length),
        fields("FractionalLength", "Content-Length: 5.0\r\n", V::bad_content_length),
        fields("LengthWithLeadingZero", "Content-Length: 05\r\n", V::bad_content_length),
        fields("LengthOverflow", "Content-Length: 9223372036854775808\r\n",
               V::content_length_overflow),
        fields("LengthOverflowOf64Bits", "Content-Length: 18446744073709551617\r\n",
               V::content_length_overflow),
        fields("UnderscoreLength", "Content_Length: 5\r\n", V::framing_lookalike),
        fields("UnderscoreCoding", "Transfer_Encoding: chunked\r\n", V::framing_lookalike),
        fields("UnderscoreHopByHop", "Proxy_Connection: close\r\n", V::framing_lookalike),
        fields("TwoCodings", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
               V::duplicate_transfer_encoding),
        fields("ChunkedTwice", "Transfer-Encoding: chunked, chunked\r\n", V::bad_transfer_encoding),
        fields("ChunkedComma", "Transfer-Encoding: chunked,\r\n", V::bad_transfer_encoding),
        fields("CommaChunked", "Transfer-Encoding: ,chunked\r\n", V::bad_transfer_encoding),
        fields("EmptyCoding", "Transfer-Encoding:\r\n", V::bad_transfer_encoding),
        fields("QuotedChunked", "Transfer-Encoding: \"chunked\"\r\n", V::bad_transfer_encoding),
        fields("ChunkedWithParameter", "Transfer-Encoding: chunked;q=1\r\n",
               V::bad_transfer_encoding),
        fields("ChunkedNotLast", "Transfer-Encoding: chunked, gzip\r\n", V::bad_transfer_encoding),
        fields("GzipBeforeChunked", "Transfer-Encoding: gzip, chunked\r\n",
               V::unknown_transfer_coding),
        fields("Gzip", "Transfer-Encoding: gzip\r\n", V::unknown_transfer_coding),
        fields("Identity", "Transfer-Encoding: identity\r\n", V::unknown_transfer_coding),
        fields("AlmostChunked", "Transfer-Encoding: xchunked\r\n", V::unknown_transfer_coding),
        fields("SpaceInsideChunked", "Transfer-Encoding: chun ked\r\n", V::bad_transfer_encoding),
        Refused{"CodingInHttp10",
                "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
                V::transfer_encoding_in_http10}),
    named);

INSTANTIATE_TEST_SUITE_P(
    Connection, H1RequestRefuses,
    testing::Values(
        fields("UpgradeWithContent", "Upgrade: h2c\r\nContent-Length: 3\r\n", V::upgrade_refused),
        fields("UpgradeOptionWithContent", "Connection: Upgrade\r\nTransfer-Encoding: chunked\r\n",
               V::upgrade_refused),
        fields("Http2SettingsWithContent", "HTTP2-Settings: AAMAAABk\r\nContent-Length: 3\r\n",
               V::upgrade_refused),
        fields("OptionNoToken", "Connection: a b\r\n", V::bad_connection_option),
        fields("ManyOptions", "Connection: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q\r\n",
               V::too_many_connection_options),
        fields("ManyEmptyOptions", "Connection: ,,,,,,,,,,,,,,,,close\r\n",
               V::too_many_connection_options),
        fields("ManyOptionsInTwoFields",
               "Connection: a,b,c,d,e,f,g,h\r\nConnection: i,j,k,l,m,n,o,p,q\r\n",
               V::too_many_connection_options),
        fields("NamesAuthorization", "Connection: close, Authorization\r\n",
               V::connection_names_protected_field),
        fields("NamesForwardedFor", "Connection: X-Forwarded-For\r\n",
               V::connection_names_protected_field),
        fields("NamesALookAlike", "Connection: client_cert\r\n",
               V::connection_names_protected_field),
        fields("NamesHost", "Connection: host\r\n", V::connection_names_protected_field),
        fields("NamesContentLength", "Connection: content-length\r\n",
               V::connection_names_protected_field),
        fields("NamesInteractionId", "Connection: x-fapi-interaction-id\r\n",
               V::connection_names_protected_field),
        fields("OtherExpectation", "Expect: 200-ok\r\n", V::unknown_expectation),
        fields("ExpectationWithMore", "Expect: 100-continue, x\r\n", V::unknown_expectation),
        fields("TwoExpectations", "Expect: 100-continue\r\nExpect: 100-continue\r\n",
               V::unknown_expectation)),
    named);

INSTANTIATE_TEST_SUITE_P(
    CutHeads, H1RequestRefuses,
    testing::Values(Refused{"Nothing", "", V::truncated_head},
                    Refused{"InRequestLine", "GET / HTTP/1.1", V::truncated_head},
                    Refused{"InRequestLineEnd", "GET / HTTP/1.1\r", V::truncated_head},
                    Refused{"BeforeTheEmptyLine", "GET / HTTP/1.1\r\n", V::truncated_head},
                    Refused{"InAField", "GET / HTTP/1.1\r\nHost: a\r\nX: b", V::truncated_head},
                    Refused{"InAName", "GET / HTTP/1.1\r\nHost: a\r\nX\r\n", V::truncated_head}),
    named);

TEST(H1RequestLimits, RefuseOneFieldTooMany) {
  Arena arena;
  const HeadLimits limits{.max_fields = 3};
  EXPECT_EQ(parse(with("A: 1\r\nB: 2\r\n"), arena, limits).index(), 0U);
  const auto result = parse(with("A: 1\r\nB: 2\r\nC: 3\r\n"), arena, limits);
  ASSERT_EQ(result.index(), 1U);
  EXPECT_EQ(std::get<Violation>(result), Violation::too_many_fields);
}

TEST(H1RequestLimits, RefuseALongField) {
  Arena arena;
  const HeadLimits limits{.max_field_bytes = 20};
  EXPECT_EQ(parse(with("A: " + std::string(17, 'x') + "\r\n"), arena, limits).index(), 0U);
  const auto result = parse(with("A: " + std::string(18, 'x') + "\r\n"), arena, limits);
  ASSERT_EQ(result.index(), 1U);
  EXPECT_EQ(std::get<Violation>(result), Violation::field_too_large);
}

TEST(H1RequestLimits, HaveSafeDefaults) {
  const HeadLimits limits;
  EXPECT_EQ(limits.max_head_bytes, 32U * 1024);
  EXPECT_EQ(limits.max_start_line, 8U * 1024);
  EXPECT_EQ(limits.max_fields, 100U);
  EXPECT_EQ(limits.max_field_bytes, 16U * 1024);
}

}  // namespace
}  // namespace sallyport::http
