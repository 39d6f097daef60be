#include "gateway/http/h2_request.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <utility>

namespace sallyport::http {
namespace {

using V = Violation;
using Pairs = std::initializer_list<std::pair<std::string_view, std::string_view>>;

class H2Request : public ::testing::Test {
 protected:
  // parse reads a block of `pairs`, after the four usual pseudo-header fields unless told
  // otherwise.
  std::variant<RequestHead, Violation> parse(Pairs pairs, bool ends_stream = true,
                                             bool with_pseudo = true) {
    HeaderBlock block{HeadLimits{}};
    if (with_pseudo) {
      block.add(":method", "POST");
      block.add(":scheme", "https");
      block.add(":authority", "API.example:8443");
      block.add(":path", "/a%41?b=%2f");
    }
    for (const auto& [name, value] : pairs) block.add(name, value);
    return parse_h2_request(block, ends_stream, arena_);
  }
  Violation violation(Pairs pairs, bool ends_stream = true, bool with_pseudo = true) {
    const auto parsed = parse(pairs, ends_stream, with_pseudo);
    EXPECT_TRUE(std::holds_alternative<Violation>(parsed)) << "it was accepted";
    const auto* found = std::get_if<Violation>(&parsed);
    return found == nullptr ? V::bare_line_feed : *found;
  }

  Arena arena_;
};

TEST_F(H2Request, HasTheFormOfAnHttp1Request) {
  const auto parsed = parse({{"accept", "*/*"}, {"te", "trailers"}});
  ASSERT_TRUE(std::holds_alternative<RequestHead>(parsed));
  const auto& head = std::get<RequestHead>(parsed);
  EXPECT_EQ(head.method, Method::post);
  EXPECT_EQ(head.target.path, "/aA");
  EXPECT_EQ(head.target.query, "b=%2f");
  EXPECT_EQ(head.authority, "api.example:8443");
  EXPECT_EQ(head.host, "api.example");
  EXPECT_EQ(head.version_major, 2);
  EXPECT_EQ(head.body.framing, Framing::none);
  EXPECT_EQ(head.fields.size(), 1U);
}

TEST_F(H2Request, KnowsWhatBodyFollows) {
  EXPECT_EQ(std::get<RequestHead>(parse({}, false)).body.framing, Framing::chunked);
  const auto known = std::get<RequestHead>(parse({{"content-length", "7"}}, false));
  EXPECT_EQ(known.body.framing, Framing::length);
  EXPECT_EQ(known.body.length, 7U);
  EXPECT_FALSE(std::get<RequestHead>(parse({{"content-length", "0"}}, true)).body.has_body());
  EXPECT_EQ(violation({{"content-length", "7"}}, true), V::body_length_mismatch);
}

TEST_F(H2Request, ExpectsOnlyWhenABodyFollows) {
  EXPECT_TRUE(std::get<RequestHead>(parse({{"expect", "100-continue"}}, false)).expects_continue);
  EXPECT_FALSE(std::get<RequestHead>(parse({{"expect", "100-continue"}}, true)).expects_continue);
  EXPECT_EQ(violation({{"expect", "200-ok"}}), V::unknown_expectation);
}

TEST_F(H2Request, JoinsCookies) {
  const auto head = std::get<RequestHead>(
      parse({{"cookie", "a=1"}, {"x-a", "2"}, {"cookie", "b=2"}, {"cookie", "c=3"}}));
  EXPECT_EQ(head.fields.count("cookie"), 1U);
  EXPECT_EQ(head.fields.find("cookie")->value, "a=1; b=2; c=3");
}

TEST_F(H2Request, TakesTheAuthorityOfHost) {
  const auto head = std::get<RequestHead>(
      parse({{":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {"host", "a.example"}}, true,
            false));
  EXPECT_EQ(head.authority, "a.example");
  EXPECT_EQ(violation({{"host", "b.example"}}), V::host_mismatch);
  EXPECT_EQ(violation({{":method", "GET"}, {":scheme", "https"}, {":path", "/"}}, true, false),
            V::pseudo_field_missing);
}

TEST_F(H2Request, RefusesOtherPseudoFields) {
  EXPECT_EQ(violation({{":path", "/b"}}), V::pseudo_field_duplicate);
  EXPECT_EQ(violation({{":protocol", "x"}}), V::pseudo_field_unknown);
  EXPECT_EQ(violation({{"x-a", "1"}, {":path", "/b"}}), V::pseudo_field_late);
}

TEST_F(H2Request, RefusesWhatBelongsToHttp1Connections) {
  for (const char* name : {"connection", "keep-alive", "proxy-connection", "transfer-encoding",
                           "upgrade", "http2-settings"}) {
    EXPECT_EQ(violation({{name, "x"}}), V::connection_specific_field) << name;
  }
  EXPECT_EQ(violation({{"te", "trailers, gzip"}}), V::connection_specific_field);
}

TEST_F(H2Request, RefusesWhatWouldBeAnotherMessageInHttp1) {
  EXPECT_EQ(violation({{"X-A", "1"}}), V::upper_case_field_name);
  EXPECT_EQ(violation({{"x a", "1"}}), V::bad_field_name);
  EXPECT_EQ(violation({{"x-a:", "1"}}), V::bad_field_name);
  EXPECT_EQ(violation({{"", "1"}}), V::empty_field_name);
  EXPECT_EQ(violation({{"x-a", "1\r\nx-b: 2"}}), V::bare_carriage_return);
  EXPECT_EQ(violation({{"x-a", "1\nx-b: 2"}}), V::bare_line_feed);
  EXPECT_EQ(violation({{"x-a", std::string_view("1\0", 2)}}), V::nul_in_field);
  EXPECT_EQ(violation({{"x-a", "\x01"}}), V::control_in_field);
  EXPECT_EQ(violation({{"x-a", "1 "}}), V::space_around_field_value);
  EXPECT_EQ(violation({{"content_length", "1"}}), V::framing_lookalike);
}

TEST(H2Trailers, AreFieldsThatChangeNothing) {
  const auto read = [](std::string_view name, std::string_view value) {
    HeaderBlock block{HeadLimits{}};
    block.add(name, value);
    Arena arena;
    Fields trailers;
    return parse_h2_trailers(block, arena, trailers);
  };
  EXPECT_EQ(read("x-checksum", "7"), std::nullopt);
  EXPECT_EQ(read(":status", "200"), V::pseudo_field_late);
  EXPECT_EQ(read("content-length", "7"), V::trailer_forbidden);
  EXPECT_EQ(read("x-forwarded-for", "1.2.3.4"), V::trailer_forbidden);
  EXPECT_EQ(read("X-A", "7"), V::upper_case_field_name);
}

// RFC 9113 section 6.5.2: the limit that is announced counts 32 octets a field more.
TEST(HeaderBlock, CountsAFieldAsTheAnnouncedLimitDoes) {
  HeaderBlock block{{.max_head_bytes = 3 * 33, .max_fields = 10, .max_field_bytes = 40}};
  for (int i = 0; i < 3; ++i) block.add("a", "");
  EXPECT_FALSE(block.violation());
  block.add("a", "");
  EXPECT_EQ(block.violation(), V::head_too_large);
  block.clear();
  block.add(std::string(34, 'n'), "12");
  EXPECT_FALSE(block.violation());
  block.add("", "");
  EXPECT_EQ(block.violation(), V::head_too_large) << "even one that has nothing";
}

TEST(HeaderBlock, KeepsTheLimitsOfAHead) {
  HeaderBlock block{{.max_head_bytes = 3 * 34 + 90, .max_fields = 3, .max_field_bytes = 40}};
  block.add("a", std::string(37, 'x'));
  EXPECT_FALSE(block.violation());
  block.add("a", std::string(38, 'x'));
  EXPECT_EQ(block.violation(), V::field_too_large);
  block.clear();
  for (int i = 0; i < 4; ++i) block.add("a", "b");
  EXPECT_EQ(block.violation(), V::too_many_fields);
  block.clear();
  for (int i = 0; i < 3; ++i) block.add("a", std::string(36, 'x'));
  EXPECT_EQ(block.violation(), V::head_too_large);
  Arena arena;
  Fields fields;
  block.clear();
  block.add("a", "");
  block.add("", "b");
  block.append_to(fields, arena);
  EXPECT_EQ(fields.size(), 2U);
}

}  // namespace
}  // namespace sallyport::http
