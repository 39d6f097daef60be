#include "gateway/http/h2_limits.h"

#include <gtest/gtest.h>

namespace sallyport::http {
namespace {

TEST(H2Budget, IsForASecondAndAKind) {
  H2Limits limits;
  limits.per_second = {2, 1, 1, 1, 1, 1};
  H2Budget budget(limits);
  MonoTime now{1'000'000};
  EXPECT_TRUE(budget.spend(H2Flood::resets, now));
  EXPECT_TRUE(budget.spend(H2Flood::resets, now));
  EXPECT_TRUE(budget.spend(H2Flood::pings, now));
  EXPECT_FALSE(budget.spend(H2Flood::resets, now));
  now.us += 1'000'000;
  EXPECT_TRUE(budget.spend(H2Flood::resets, now));
}

TEST(H2Budget, GrowsWithWhatThePeerReceives) {
  H2Limits limits;
  limits.per_second = {1, 1, 1, 1, 1, 1};
  H2Budget budget(limits);
  const MonoTime now{1'000'000};
  EXPECT_TRUE(budget.spend(H2Flood::window_updates, now));
  budget.earn_window_updates(1);
  EXPECT_TRUE(budget.spend(H2Flood::window_updates, now));
  EXPECT_FALSE(budget.spend(H2Flood::window_updates, now));
}

}  // namespace
}  // namespace sallyport::http
