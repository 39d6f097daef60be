#include "modules/bearer/replay_table.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace sallyport::bearer {
namespace {

using Outcome = ReplayTable::Outcome;

constexpr std::int64_t kNow = 1'800'000'000;

TEST(ReplayTable, KnowsWhatItHasSeenUntilItIsOver) {
  ReplayTable table(1024, kNow);
  EXPECT_EQ(table.insert("a", kNow, kNow + 60), Outcome::fresh);
  EXPECT_EQ(table.insert("a", kNow, kNow + 60), Outcome::replayed);
  EXPECT_EQ(table.insert("a", kNow + 60, kNow + 120), Outcome::replayed);
  EXPECT_EQ(table.insert("b", kNow, kNow + 60), Outcome::fresh);
  EXPECT_EQ(table.insert("a", kNow + 61, kNow + 120), Outcome::fresh);
  EXPECT_EQ(table.insert("a", kNow + 62, kNow + 120), Outcome::replayed);
}

TEST(ReplayTable, RemembersWhatIsOverAtOnceForThatSecond) {
  ReplayTable table(1024, kNow);
  EXPECT_EQ(table.insert("a", kNow, kNow), Outcome::fresh);
  EXPECT_EQ(table.insert("a", kNow, kNow), Outcome::replayed);
}

TEST(ReplayTable, SaysWhenItIsFullAndForgetsNothing) {
  ReplayTable table(16, kNow);
  ASSERT_EQ(table.capacity(), 16U);
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(table.insert(std::to_string(i), kNow, kNow + 60), Outcome::fresh);
  }
  EXPECT_EQ(table.used(kNow), 16U);
  EXPECT_EQ(table.insert("one more", kNow, kNow + 60), Outcome::full);
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(table.insert(std::to_string(i), kNow, kNow + 60), Outcome::replayed);
  }
  EXPECT_EQ(table.used(kNow + 61), 0U);
  EXPECT_EQ(table.insert("one more", kNow + 61, kNow + 120), Outcome::fresh);
}

// Four workers present the same proofs at the same time: no proof is fresh twice.
TEST(ReplayTable, LetsAProofThroughOnceOnHoweverManyWorkers) {
  constexpr int kThreads = 4;
  constexpr int kProofs = 20'000;
  ReplayTable table(4 * kProofs, kNow);
  std::vector<std::atomic<int>> fresh(kProofs);
  std::atomic<int> waiting{kThreads};
  std::vector<std::thread> workers;
  for (int t = 0; t < kThreads; ++t) {
    workers.emplace_back([&] {
      --waiting;
      while (waiting.load() > 0) std::this_thread::yield();
      for (int i = 0; i < kProofs; ++i) {
        if (table.insert(std::to_string(i), kNow, kNow + 60) == Outcome::fresh) {
          ++fresh[static_cast<std::size_t>(i)];
        }
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  int once = 0;
  for (const auto& count : fresh) {
    ASSERT_LE(count.load(), 1);
    once += count.load();
  }
  // Two that see each other are both refused, which is rare.
  EXPECT_GT(once, kProofs * 9 / 10);
}

}  // namespace
}  // namespace sallyport::bearer
