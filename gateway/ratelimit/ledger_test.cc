#include "gateway/ratelimit/ledger.h"

#include <gtest/gtest.h>

namespace sallyport::ratelimit {
namespace {

TEST(Ledger, AddsUpWhatOneKeyTakes) {
  Ledger ledger;
  ledger.open(3);
  ledger.add(3, {1, 2}, 100, Tier::strangers);
  ledger.add(3, {1, 2}, 50, Tier::strangers);
  ledger.add(3, {1, 3}, 7, Tier::partners);
  const auto taken = ledger.take(3);
  ASSERT_EQ(taken.size(), 2u);
  EXPECT_EQ(taken[0].amount_ns, 150);
  EXPECT_EQ(taken[1].amount_ns, 7);
  EXPECT_EQ(taken[1].tier, Tier::partners);
}

TEST(Ledger, BeginsANewPage) {
  Ledger ledger;
  ledger.open(0);
  ledger.add(0, {1, 2}, 100, Tier::strangers);
  EXPECT_EQ(ledger.take(0).size(), 1u);
  EXPECT_TRUE(ledger.take(0).empty());
  ledger.add(0, {1, 2}, 1, Tier::strangers);
  EXPECT_EQ(ledger.take(0).front().amount_ns, 1);
}

TEST(Ledger, HasNoPageForAWorkerThatNeverOpenedOne) {
  Ledger ledger;
  EXPECT_TRUE(ledger.take(5).empty());
}

TEST(Ledger, DropsWhatFindsNoRoomAndSaysSo) {
  Ledger ledger;
  ledger.open(0);
  const std::uint64_t keys = 2 * Ledger::kKeysPerPage;
  for (std::uint64_t i = 0; i < keys; ++i) ledger.add(0, {i, i}, 1, Tier::strangers);
  const auto taken = ledger.take(0);
  EXPECT_LE(taken.size(), Ledger::kKeysPerPage);
  EXPECT_EQ(taken.size() + ledger.dropped(), keys);
}

}  // namespace
}  // namespace sallyport::ratelimit
