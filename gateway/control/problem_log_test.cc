#include "gateway/control/problem_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::control {
namespace {

using testing::ElementsAre;

std::vector<std::string> said(ProblemLog& log, const std::vector<std::string>& problems) {
  std::vector<std::string> lines;
  log.look(problems, [&](std::string_view level, std::string_view event, std::string_view message) {
    lines.push_back(std::string(level) + " " + std::string(event) + " " + std::string(message));
  });
  return lines;
}

TEST(ProblemLog, SaysWhenAProblemBeginsAndWhenItIsOverAndNothingMeanwhile) {
  ProblemLog log;
  EXPECT_THAT(said(log, {}), ElementsAre());
  EXPECT_THAT(said(log, {"a"}), ElementsAre("warn problem a"));
  EXPECT_THAT(said(log, {"a"}), ElementsAre());
  EXPECT_THAT(said(log, {"b", "a"}), ElementsAre("warn problem b"));
  EXPECT_THAT(said(log, {"b"}), ElementsAre("info problem_over a"));
  EXPECT_THAT(said(log, {"a"}), ElementsAre("warn problem a", "info problem_over b"));
}

TEST(ProblemLog, SaysOnceWhatTwoServicesHave) {
  ProblemLog log;
  EXPECT_THAT(said(log, {"a", "a"}), ElementsAre("warn problem a"));
}

}  // namespace
}  // namespace sallyport::control
