#include "gateway/http/h2_answer.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace sallyport::http {
namespace {

using Lines = std::vector<std::pair<std::string_view, std::string_view>>;

class Answer : public ::testing::Test {
 protected:
  std::optional<Violation> take(const Lines& lines, bool ends_stream = false,
                                Method method = Method::get) {
    answer_.emplace(method);
    return more(lines, ends_stream);
  }
  std::optional<Violation> more(const Lines& lines, bool ends_stream = false) {
    HeaderBlock block{HeadLimits{}};
    for (const auto& [name, value] : lines) block.add(name, value);
    head_ = {};
    return answer_->take_head(block, ends_stream, arena_, head_);
  }

  Arena arena_;
  ResponseHead head_;
  std::optional<H2Answer> answer_;
};

TEST_F(Answer, HasAStatusFieldsAndALength) {
  EXPECT_EQ(take({{":status", "201"}, {"content-length", "3"}, {"x-a", "b"}}), std::nullopt);
  EXPECT_TRUE(answer_->has_head());
  EXPECT_EQ(head_.status, 201);
  EXPECT_EQ(head_.body.framing, Framing::length);
  EXPECT_EQ(head_.fields.size(), 1U) << "framing is not among the fields";
  EXPECT_EQ(answer_->take_data(3), std::nullopt);
  EXPECT_EQ(answer_->take_end(), std::nullopt);
}

TEST_F(Answer, MayNotSayHowLongItIs) {
  EXPECT_EQ(take({{":status", "200"}}), std::nullopt);
  EXPECT_EQ(head_.body.framing, Framing::chunked);
  EXPECT_EQ(take({{":status", "200"}}, true), std::nullopt);
  EXPECT_EQ(head_.body.framing, Framing::length) << "it is empty, and a client must see that";
  EXPECT_EQ(answer_->take_end(), std::nullopt);
}

TEST_F(Answer, HoldsItsBodyToItsLength) {
  EXPECT_EQ(take({{":status", "200"}, {"content-length", "3"}}, true),
            Violation::body_length_mismatch);
  EXPECT_EQ(take({{":status", "200"}, {"content-length", "3"}}), std::nullopt);
  EXPECT_EQ(answer_->take_data(2), std::nullopt);
  EXPECT_EQ(answer_->take_end(), Violation::body_length_mismatch);
  EXPECT_EQ(answer_->take_data(2), Violation::body_length_mismatch);
}

TEST_F(Answer, HasNoBodyWhereThereIsNone) {
  EXPECT_EQ(take({{":status", "200"}, {"content-length", "9"}}, true, Method::head), std::nullopt);
  EXPECT_EQ(head_.announced_length, 9U);
  EXPECT_EQ(answer_->take_end(), std::nullopt);
  EXPECT_EQ(take({{":status", "304"}}), std::nullopt);
  EXPECT_EQ(answer_->take_data(1), Violation::body_not_allowed);
}

TEST_F(Answer, MayHaveInterimHeadsButNotForEver) {
  EXPECT_EQ(take({{":status", "103"}}), std::nullopt);
  EXPECT_FALSE(answer_->has_head());
  for (int i = 1; i < H2Answer::kMaxInterimHeads; ++i) {
    EXPECT_EQ(more({{":status", "100"}}), std::nullopt);
  }
  EXPECT_EQ(more({{":status", "100"}}), Violation::bad_status_code);
  EXPECT_EQ(take({{":status", "100"}}, true), Violation::bad_status_code) << "nothing follows";
}

TEST_F(Answer, BeginsWithItsHead) {
  EXPECT_EQ(take({{":status", "100"}}), std::nullopt);
  EXPECT_EQ(answer_->take_data(1), Violation::pseudo_field_missing);
}

TEST_F(Answer, IsAsStrictAsInHttp1) {
  const std::vector<std::pair<Lines, Violation>> bad{
      {{{"x-a", "b"}}, Violation::pseudo_field_missing},
      {{{":status", "200"}, {":status", "200"}}, Violation::pseudo_field_duplicate},
      {{{"x-a", "b"}, {":status", "200"}}, Violation::pseudo_field_late},
      {{{":status", "200"}, {":path", "/"}}, Violation::pseudo_field_unknown},
      {{{":status", "20"}}, Violation::bad_status_code},
      {{{":status", "2000"}}, Violation::bad_status_code},
      {{{":status", "600"}}, Violation::bad_status_code},
      {{{":status", "101"}}, Violation::switching_protocols_refused},
      {{{":status", "200"}, {"X-A", "b"}}, Violation::upper_case_field_name},
      {{{":status", "200"}, {"connection", "close"}}, Violation::connection_specific_field},
      {{{":status", "200"}, {"transfer-encoding", "chunked"}},
       Violation::connection_specific_field},
      {{{":status", "200"}, {"x-a", "b\r\nx-b: c"}}, Violation::bare_carriage_return},
      {{{":status", "200"}, {"content-length", "+1"}}, Violation::bad_content_length},
      {{{":status", "200"}, {"content-length", "1"}, {"content-length", "1"}},
       Violation::duplicate_content_length},
  };
  for (const auto& [lines, violation] : bad) {
    EXPECT_EQ(take(lines), violation) << describe(violation).id;
  }
}

}  // namespace
}  // namespace sallyport::http
