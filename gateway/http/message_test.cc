#include "gateway/http/message.h"

#include <gtest/gtest.h>

#include <string>

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

std::string names(const Fields& fields) {
  std::string text;
  for (const Field& field : fields) text += field.name;
  return text;
}

// Whatever was removed on the way, and from where: what was received is told from what was added.
TEST(Fields, ReceivedOnesAreToldFromAddedOnes) {
  const auto is_one_of = [](std::string_view drop) {
    return [drop](const Field& field) { return drop.find(field.name) != std::string_view::npos; };
  };
  for (const std::string_view removed :
       {"", "a", "c", "A", "C", "abc", "ABC", "aA", "bC", "abcABC"}) {
    Fields fields;
    for (const char* name : {"a", "b", "c"}) fields.add(name, "1");
    fields.end_received();
    for (const char* name : {"A", "B", "C"}) fields.add(name, "2");
    std::string expected = "abcABC";
    std::erase_if(expected, [&](char c) { return removed.find(c) != std::string_view::npos; });
    fields.remove_if(is_one_of(removed));
    EXPECT_EQ(names(fields), expected) << removed;
    fields.add("D", "2");
    fields.remove_received_if([](const Field&) { return true; });
    std::erase_if(expected, [](char c) { return c >= 'a'; });
    EXPECT_EQ(names(fields), expected + "D") << removed;
    fields.remove_received_if([](const Field&) { return true; });
    EXPECT_EQ(names(fields), expected + "D") << removed;
  }
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

TEST(Fields, AreSpoiltByAValueUnderANameOfOurOwn) {
  constexpr FieldName kName("x-own");
  for (const std::string_view bad : {"a\r\nb: c", " a", "a\t", "a\x7f"}) {
    Fields fields;
    fields.add(kName, "good");
    fields.add(OwnField("X-Frame-Options", "DENY"));
    EXPECT_TRUE(fields.is_writable());
    EXPECT_EQ(names(fields), "x-ownX-Frame-Options");
    fields.add(kName, bad);
    EXPECT_FALSE(fields.is_writable()) << bad;
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
