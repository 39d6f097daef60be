#include "gateway/http/message.h"

#include <gtest/gtest.h>

#include "gateway/http/violation.h"

namespace sallyport::http {
namespace {

TEST(Message, KnowsMethodsInUpperCaseOnly) {
  EXPECT_EQ(method_of("GET"), Method::get);
  EXPECT_EQ(method_of("DELETE"), Method::delete_);
  EXPECT_EQ(method_of("TRACE"), Method::trace);
  EXPECT_EQ(method_of("get"), Method::other);
  EXPECT_EQ(method_of("PROPFIND"), Method::other);
  EXPECT_EQ(method_of("other"), Method::other);
}

TEST(Message, WritesAMethodAsItIsRead) {
  for (const Method method : {Method::get, Method::head, Method::post, Method::put, Method::delete_,
                              Method::options, Method::patch, Method::connect, Method::trace}) {
    EXPECT_EQ(method_of(to_string(method)), method);
  }
}

TEST(Fields, FindsAndCountsInAnyCase) {
  Fields fields;
  fields.add("Cookie", "a");
  fields.add("X-One", "1");
  fields.add("COOKIE", "b");
  ASSERT_NE(fields.find("cookie"), nullptr);
  EXPECT_EQ(fields.find("cookie")->value, "a");
  EXPECT_EQ(fields.count("cookie"), 2U);
  EXPECT_EQ(fields.count("x-two"), 0U);
  EXPECT_EQ(fields.find("x-two"), nullptr);
}

TEST(Fields, RemovesEveryFieldOfTheName) {
  Fields fields;
  fields.add("Cookie", "a");
  fields.add("X-One", "1");
  fields.add("COOKIE", "b");
  fields.remove("cookie");
  ASSERT_EQ(fields.size(), 1U);
  EXPECT_EQ(fields.begin()->name, "X-One");
}

TEST(Fields, AreSpoiltByOneThatMustNotBeWritten) {
  for (const Field bad : {Field{"a b", "c"}, {"", "c"}, {"a", "b\r\nc: d"}, {"a", " b"}}) {
    Fields fields;
    fields.add("x", "y");
    EXPECT_TRUE(fields.is_writable());
    fields.add(bad.name, bad.value);
    EXPECT_FALSE(fields.is_writable()) << bad.name << bad.value;
    fields.remove(bad.name);
    fields.add("x", "y");
    EXPECT_FALSE(fields.is_writable()) << bad.name << bad.value;
    const Fields copy = fields;
    EXPECT_FALSE(copy.is_writable());
  }
}

TEST(BodyShape, HasNoBodyWhenTheLengthIsZero) {
  EXPECT_FALSE((BodyShape{Framing::length, 0}.has_body()));
  EXPECT_TRUE((BodyShape{Framing::length, 1}.has_body()));
  EXPECT_TRUE((BodyShape{Framing::chunked, 0}.has_body()));
  EXPECT_FALSE(BodyShape{}.has_body());
}

TEST(Violations, HaveUniqueIdsOfThisRoom) {
  for (std::size_t i = 0; i < kViolations; ++i) {
    EXPECT_TRUE(kViolationTable[i].id.starts_with("http.")) << kViolationTable[i].id;
    EXPECT_TRUE(kViolationTable[i].help.ends_with(".")) << kViolationTable[i].id;
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(kViolationTable[i].id, kViolationTable[j].id);
  }
}

TEST(Violations, DescribeTheirOwnRow) {
  EXPECT_EQ(describe(Violation::duplicate_host).id, "http.duplicate_host");
  EXPECT_EQ(describe(Violation::trailer_forbidden).id, "http.trailer_forbidden");
  EXPECT_EQ(describe(Violation::request_line_too_long).kind, ViolationClass::target_too_long);
  EXPECT_EQ(describe(Violation::head_too_large).kind, ViolationClass::fields_too_large);
  EXPECT_EQ(describe(Violation::unknown_transfer_coding).kind, ViolationClass::not_implemented);
  EXPECT_EQ(describe(Violation::unknown_expectation).kind, ViolationClass::expectation_failed);
  EXPECT_EQ(describe(Violation::version_not_supported).kind, ViolationClass::version_not_supported);
  EXPECT_EQ(describe(Violation::content_length_overflow).kind, ViolationClass::content_too_large);
}

}  // namespace
}  // namespace sallyport::http
