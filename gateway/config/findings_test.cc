#include "gateway/config/findings.h"

#include <gtest/gtest.h>

namespace sallyport::config {
namespace {

TEST(Findings, SaySeverityPlaceAndMessage) {
  const auto file = std::make_shared<const std::string>("a.yaml");
  EXPECT_EQ((Finding{Severity::error, {file, 3, 7}, "x.y", "no"}).text(),
            "a.yaml:3:7: error: x.y: no");
  EXPECT_EQ((Finding{Severity::warning, {file, 0, 0}, "", "hm"}).text(), "a.yaml: warning: hm");
  EXPECT_EQ((Finding{Severity::note, {}, "x", "so"}).text(), "note: x: so");
}

TEST(Findings, NotesLeaveRoomForErrors) {
  Findings findings;
  for (std::size_t i = 0; i < 2 * kMaxFindings; ++i) findings.add({Severity::note, {}, "", "note"});
  EXPECT_FALSE(findings.has_warnings());
  EXPECT_FALSE(findings.has_errors());
  findings.add({Severity::warning, {}, "", "warning"});
  findings.add({Severity::error, {}, "", "error"});
  EXPECT_TRUE(findings.has_warnings());
  EXPECT_EQ(findings.all().back().message, "error");
}

}  // namespace
}  // namespace sallyport::config
