#include "gateway/http/head_scan.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::http {
namespace {

using State = HeadProgress::State;

constexpr std::string_view kHead = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

HeadProgress whole(std::string_view text, StartLine kind = StartLine::request,
                   const HeadLimits& limits = {}) {
  HeadScan scan;
  return find_head_end(text, kind, limits, scan);
}

// stepwise feeds one octet more each time and returns the first answer that is not need_more.
HeadProgress stepwise(std::string_view text, StartLine kind, const HeadLimits& limits) {
  HeadScan scan;
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const auto progress = find_head_end(text.substr(0, size), kind, limits, scan);
    if (progress.state != State::need_more) return progress;
  }
  return {};
}

void expect_violation(const HeadProgress& progress, Violation why) {
  ASSERT_EQ(progress.state, State::violation);
  EXPECT_EQ(describe(progress.violation).id, describe(why).id);
}

TEST(HeadScan, FindsTheEndAndLeavesTheBody) {
  const auto progress = whole(std::string(kHead) + "body");
  EXPECT_EQ(progress.state, State::found);
  EXPECT_EQ(progress.length, kHead.size());
}

TEST(EmptyLine, IsSkippedOnceHoweverItIsCut) {
  std::size_t skipped = 0;
  EXPECT_EQ(skip_empty_line("\r\n\r\nGET", skipped), "\r\nGET");
  skipped = 0;
  EXPECT_EQ(skip_empty_line("\r", skipped), "");
  EXPECT_EQ(skipped, 1U);
  EXPECT_EQ(skip_empty_line("\nGET", skipped), "GET");
  EXPECT_EQ(skip_empty_line("\r\n", skipped), "\r\n");
}

TEST(EmptyLine, IsNoHalfOne) {
  std::size_t skipped = 0;
  EXPECT_EQ(skip_empty_line("\rGET", skipped), "GET");
  EXPECT_EQ(skipped, 1U);
  skipped = 0;
  EXPECT_EQ(skip_empty_line("\nGET", skipped), "\nGET");
  EXPECT_EQ(skipped, 0U);
}

TEST(HeadScan, RefusesAnEmptyLineBeforeTheStartLine) {
  expect_violation(whole("\r\nGET"), Violation::empty_line_before_start);
  expect_violation(whole("\r\nHTTP/1.1", StartLine::status), Violation::empty_line_before_start);
}

TEST(HeadScan, RefusesABareLineFeedAtOnce) {
  expect_violation(whole("GET / HTTP/1.1\n"), Violation::bare_line_feed);
  expect_violation(whole("GET / HTTP/1.1\r\nHost: a\n"), Violation::bare_line_feed);
  expect_violation(whole("GET / HTTP/1.1\r\nHost: a\r\n\n"), Violation::bare_line_feed);
  expect_violation(whole("\n"), Violation::bare_line_feed);
}

TEST(HeadScan, NeverSearchesAnOctetTwice) {
  HeadScan scan;
  std::string text = "GET / HTTP/1.1\r\nX: 1";
  ASSERT_EQ(find_head_end(text, StartLine::request, {}, scan).state, State::need_more);
  EXPECT_EQ(scan.scanned, text.size());
  // What was searched is not looked at again, even if it had changed meanwhile.
  text[3] = '\n';
  text += "\r\n\r\n";
  EXPECT_EQ(find_head_end(text, StartLine::request, {}, scan).state, State::found);
}

TEST(HeadScan, RefusesALongRequestLineBeforeItEnds) {
  const HeadLimits limits{.max_start_line = 20};
  EXPECT_EQ(whole(std::string(20, 'a') + "\r\n", StartLine::request, limits).state,
            State::need_more);
  expect_violation(whole(std::string(21, 'a') + "\r\n", StartLine::request, limits),
                   Violation::request_line_too_long);
  expect_violation(whole(std::string(22, 'a'), StartLine::request, limits),
                   Violation::request_line_too_long);
  expect_violation(whole(std::string(22, 'a'), StartLine::status, limits),
                   Violation::status_line_too_long);
}

TEST(HeadScan, RefusesALargeHeadBeforeItEnds) {
  HeadLimits limits;
  limits.max_head_bytes = kHead.size();
  EXPECT_EQ(whole(kHead, StartLine::request, limits).state, State::found);
  --limits.max_head_bytes;
  expect_violation(whole(kHead, StartLine::request, limits), Violation::head_too_large);
  expect_violation(whole(kHead.substr(0, limits.max_head_bytes), StartLine::request, limits),
                   Violation::head_too_large);
}

TEST(HeadScan, HasTheSameAnswerHoweverTheOctetsAreCut) {
  const HeadLimits limits{.max_head_bytes = 64, .max_start_line = 24};
  for (const std::string& text :
       {std::string(kHead), "\r\n" + std::string(kHead), std::string("\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nA: b\n\r\n"), std::string("GET / HTTP/1.1\r\r\n\r\n"),
        std::string(100, 'a'), std::string(23, 'a') + "\r\n" + std::string(100, 'b'),
        std::string(25, 'a') + "\r\n\r\n", std::string(30, 'a') + "\n"}) {
    for (const StartLine kind : {StartLine::request, StartLine::status}) {
      const auto at_once = whole(text, kind, limits);
      const auto in_steps = stepwise(text, kind, limits);
      EXPECT_EQ(at_once.state, in_steps.state) << text;
      EXPECT_EQ(at_once.length, in_steps.length) << text;
      EXPECT_EQ(at_once.violation, in_steps.violation) << text;
    }
  }
}

}  // namespace
}  // namespace sallyport::http
