#include "gateway/base/token_bucket.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

MonoTime at(std::int64_t ms) { return {1'000'000'000 + ms * 1000}; }

TEST(TokenBucket, AllowsABurstAndThenItsRate) {
  const TokenRate rate = TokenRate::per_second(100, 3);
  TokenBucket bucket;
  EXPECT_TRUE(bucket.is_full(at(0)));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(rate, at(0)));
  EXPECT_FALSE(bucket.take(rate, at(0)));
  EXPECT_EQ(bucket.wait(rate, at(0)), Milliseconds(10));
  EXPECT_FALSE(bucket.take(rate, at(9)));
  EXPECT_TRUE(bucket.take(rate, at(10)));
  EXPECT_FALSE(bucket.take(rate, at(11)));
  EXPECT_FALSE(bucket.is_full(at(11)));
  EXPECT_TRUE(bucket.is_full(at(1000)));
}

TEST(TokenBucket, NeverAllowsMoreThanItsRate) {
  const TokenRate rate = TokenRate::per_second(3, 1);
  TokenBucket bucket;
  int taken = 0;
  for (int ms = 0; ms < 10'000; ++ms) taken += bucket.take(rate, at(ms)) ? 1 : 0;
  EXPECT_GE(taken, 29);
  EXPECT_LE(taken, 30);
}

TEST(TokenRate, IsNoLimitWhenZeroAndHoldsAtLeastOne) {
  EXPECT_FALSE(TokenRate::per_second(0, 10));
  EXPECT_EQ(TokenRate::per_second(0.5, 0.05).burst, 1);
  EXPECT_EQ(TokenRate::per_second(0.5, 0.05).interval_ns, 2'000'000'000);
}

}  // namespace
}  // namespace sallyport
