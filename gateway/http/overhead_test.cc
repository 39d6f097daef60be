#include "gateway/http/overhead.h"

#include <gtest/gtest.h>

namespace sallyport::http {
namespace {

TEST(OverheadAccount, IsOverdrawnBeyondItsLimit) {
  OverheadAccount account(100);
  account.spend(100);
  EXPECT_FALSE(account.is_overdrawn());
  account.spend(1);
  EXPECT_TRUE(account.is_overdrawn());
}

TEST(OverheadAccount, WhatIsOfUsePaysForAsMuchOverhead) {
  OverheadAccount account(100);
  for (int i = 0; i < 1'000; ++i) {
    account.spend(60);
    account.earn(60);
    EXPECT_FALSE(account.is_overdrawn());
  }
}

TEST(OverheadAccount, NothingIsSavedUp) {
  OverheadAccount account(100);
  account.earn(1'000'000);
  account.spend(101);
  EXPECT_TRUE(account.is_overdrawn());
}

TEST(OverheadAccount, TakesBackWhatWasOfUseAfterAll) {
  OverheadAccount account(100);
  account.spend(150);
  account.spend(-60);
  EXPECT_FALSE(account.is_overdrawn());
}

TEST(OverheadAccount, WhatIsExcusedBeforeItComesStaysExcused) {
  OverheadAccount account(100);
  account.spend(-1'000);
  account.earn(5);
  account.spend(1'000);
  EXPECT_FALSE(account.is_overdrawn());
}

}  // namespace
}  // namespace sallyport::http
