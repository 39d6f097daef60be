#include "gateway/http/serialise.h"

#include <gtest/gtest.h>

#include <string>

#include "gateway/http/h1_request.h"
#include "gateway/http/http_date.h"

namespace sallyport::http {
namespace {

using namespace std::string_view_literals;

RequestHead get() {
  RequestHead head;
  head.method = Method::get;
  head.method_text = "GET";
  head.target = {"/a", "b=c", true};
  head.authority = "api.example";
  head.host = "api.example";
  return head;
}

ResponseHead ok() {
  ResponseHead head;
  head.status = 200;
  return head;
}

TEST(Serialise, WritesARequest) {
  RequestHead head = get();
  head.fields.add("Accept", "*/*");
  head.body = {Framing::length, 12};
  head.expects_continue = true;
  std::string out = "before";
  ASSERT_TRUE(append_request_head(head, Persistence::close, out));
  EXPECT_EQ(out,
            "beforeGET /a?b=c HTTP/1.1\r\nHost: api.example\r\nAccept: */*\r\n"
            "Content-Length: 12\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");
}

TEST(Serialise, WritesAChunkedResponse) {
  ResponseHead head = ok();
  head.fields.add("ETag", "\"x\"");
  head.body.framing = Framing::chunked;
  std::string out;
  ASSERT_TRUE(append_response_head(head, Persistence::keep, out));
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\nETag: \"x\"\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST(Serialise, KeepsAReasonAndGreetsHttp10) {
  ResponseHead head = ok();
  head.reason = "Fine";
  head.body = {Framing::length, 0};
  std::string out;
  ASSERT_TRUE(append_response_head(head, Persistence::keep_http10, out));
  EXPECT_EQ(out, "HTTP/1.1 200 Fine\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n");
}

TEST(Serialise, WritesAnAnnouncedLengthWithoutABody) {
  ResponseHead head = ok();
  head.announced_length = 7;
  std::string out;
  ASSERT_TRUE(append_response_head(head, Persistence::keep, out));
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n");
}

TEST(Serialise, WritesChunks) {
  std::string out;
  append_chunk_size(0x1aF, out);
  EXPECT_EQ(out, "1af\r\n");
  Fields trailers;
  trailers.add("Repr-Digest", "x");
  ASSERT_TRUE(append_last_chunk(trailers, out));
  EXPECT_EQ(out, "1af\r\n0\r\nRepr-Digest: x\r\n\r\n");
}

TEST(SerialiseDeathTest, NeverWritesAnEmptyChunk) {
  std::string out;
  EXPECT_DEATH(append_chunk_size(0, out), "size > 0");
}

// refuses expects that a request or response with that field is not written, and nothing of it.
void refuses_field(std::string_view name, std::string_view value) {
  RequestHead request = get();
  ResponseHead response = ok();
  Fields trailers;
  request.fields.add(name, value);
  response.fields.add(name, value);
  trailers.add(name, value);
  std::string out = "before";
  EXPECT_FALSE(append_request_head(request, Persistence::keep, out)) << name;
  EXPECT_FALSE(append_response_head(response, Persistence::keep, out)) << name;
  EXPECT_FALSE(append_last_chunk(trailers, out)) << name;
  EXPECT_EQ(out, "before");
}

TEST(Serialise, RefusesFieldsThatWouldEndTheirLine) {
  refuses_field("A", "b\r\nC: d");
  refuses_field("A", "b\nC: d");
  refuses_field("A", "b\r");
  refuses_field("A", "b\0"sv);
  refuses_field("A", " b");
  refuses_field("A: b", "c");
  refuses_field("A\r\nB", "c");
  refuses_field("", "c");
}

TEST(Serialise, RefusesFramingFieldsAmongTheFields) {
  for (const auto name : {"Content-Length"sv, "transfer-encoding"sv, "Host"sv, "Connection"sv,
                          "Content_Length"sv, "Upgrade"sv, "Trailer"sv}) {
    refuses_field(name, "5");
  }
}

TEST(Serialise, RefusesTrustAndCredentialsAsTrailers) {
  for (const auto name : {"Authorization"sv, "X-Forwarded-For"sv, "Set-Cookie"sv}) {
    Fields trailers;
    trailers.add(name, "x");
    std::string out;
    EXPECT_FALSE(append_last_chunk(trailers, out)) << name;
  }
}

TEST(Serialise, RefusesBadStartLines) {
  std::string out;
  const auto refused = [&out](auto change) {
    RequestHead head = get();
    change(head);
    return !append_request_head(head, Persistence::keep, out) && out.empty();
  };
  EXPECT_TRUE(refused([](RequestHead& head) { head.method_text = "GE T"; }));
  EXPECT_TRUE(refused([](RequestHead& head) { head.method_text = ""; }));
  EXPECT_TRUE(refused([](RequestHead& head) { head.target.path = "/a b"; }));
  EXPECT_TRUE(refused([](RequestHead& head) { head.target.path = "/a\r\n"; }));
  EXPECT_TRUE(refused([](RequestHead& head) { head.target.path = "a"; }));
  EXPECT_TRUE(refused([](RequestHead& head) { head.target.path = ""; }));
  EXPECT_TRUE(refused([](RequestHead& head) { head.target.path = "/a?b"; }));
  EXPECT_TRUE(refused([](RequestHead& head) { head.target.query = "a b"; }));
  EXPECT_TRUE(refused([](RequestHead& head) { head.target.has_query = false; }));
  EXPECT_TRUE(refused([](RequestHead& head) { head.authority = ""; }));
  EXPECT_TRUE(refused([](RequestHead& head) { head.authority = "a\r\nb"; }));
  EXPECT_TRUE(refused([](RequestHead& head) { head.body.framing = Framing::until_close; }));
  EXPECT_FALSE(refused([](RequestHead&) {}));
}

TEST(Serialise, RefusesBadStatusLines) {
  std::string out;
  const auto refused = [&out](auto change) {
    ResponseHead head = ok();
    change(head);
    return !append_response_head(head, Persistence::keep, out) && out.empty();
  };
  EXPECT_TRUE(refused([](ResponseHead& head) { head.status = 99; }));
  EXPECT_TRUE(refused([](ResponseHead& head) { head.status = 600; }));
  EXPECT_TRUE(refused([](ResponseHead& head) { head.reason = "a\r\nb"; }));
  EXPECT_TRUE(refused([](ResponseHead& head) { head.body.framing = Framing::until_close; }));
  EXPECT_FALSE(refused([](ResponseHead&) {}));
}

TEST(Serialise, WhatItWritesReadsBackTheSame) {
  RequestHead head = get();
  head.fields.add("Authorization", "Bearer x");
  head.body.framing = Framing::chunked;
  std::string out;
  ASSERT_TRUE(append_request_head(head, Persistence::keep, out));
  Arena arena;
  const auto result = parse_request_head(arena.copy(out), {}, arena);
  ASSERT_EQ(result.index(), 0U);
  const auto& back = std::get<RequestHead>(result);
  EXPECT_EQ(back.method, Method::get);
  EXPECT_EQ(back.target.path, "/a");
  EXPECT_EQ(back.target.query, "b=c");
  EXPECT_EQ(back.authority, "api.example");
  EXPECT_EQ(back.body.framing, Framing::chunked);
  EXPECT_EQ(back.fields.find("authorization")->value, "Bearer x");
}

TEST(ReasonPhrase, KnowsTheUsualCodes) {
  EXPECT_EQ(reason_phrase(100), "Continue");
  EXPECT_EQ(reason_phrase(421), "Misdirected Request");
  EXPECT_EQ(reason_phrase(505), "HTTP Version Not Supported");
  EXPECT_EQ(reason_phrase(299), "Unknown");
  EXPECT_EQ(reason_phrase(599), "Unknown");
}

TEST(HttpDate, WritesAFixedDate) {
  HttpDate date;
  EXPECT_EQ(date.at({784111777000}), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(date.at({784111777999}), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(date.at({784111778000}), "Sun, 06 Nov 1994 08:49:38 GMT");
  EXPECT_EQ(date.at({951782400000}), "Tue, 29 Feb 2000 00:00:00 GMT");
}

TEST(HttpDate, StaysInsideTheYearsOfFourDigits) {
  HttpDate date;
  EXPECT_EQ(date.at({-5000}), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(date.at({INT64_MAX}), "Fri, 31 Dec 9999 23:59:59 GMT");
}

}  // namespace
}  // namespace sallyport::http
