#include "gateway/proxy/retry_budget.h"

#include <gtest/gtest.h>

namespace sallyport::proxy {
namespace {

int spend_all(RetryBudget& budget) {
  int spent = 0;
  while (budget.spend()) ++spent;
  return spent;
}

TEST(RetryBudget, AllowsAFewAtOnceThenAPartOfTheRequests) {
  RetryBudget budget(20);
  EXPECT_EQ(spend_all(budget), RetryBudget::kReserve);
  for (int i = 0; i < 25; ++i) budget.on_request();
  EXPECT_EQ(spend_all(budget), 5);
}

TEST(RetryBudget, DoesNotSaveUpForBadTimes) {
  RetryBudget budget(100);
  for (int i = 0; i < 10'000; ++i) budget.on_request();
  EXPECT_EQ(spend_all(budget), RetryBudget::kReserve);
}

TEST(RetryBudget, OfZeroAllowsNone) {
  RetryBudget budget(0);
  for (int i = 0; i < 1'000; ++i) budget.on_request();
  EXPECT_EQ(spend_all(budget), 0);
}

}  // namespace
}  // namespace sallyport::proxy
