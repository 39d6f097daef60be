#include "modules/bearer/sighting_table.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace sallyport::bearer {
namespace {

constexpr std::int64_t kNow = 1'800'000'000;

TEST(SightingTable, RemembersTheFirstTime) {
  SightingTable table(1024, kNow);
  EXPECT_EQ(table.first_seen("a", kNow + 5), kNow + 5);
  EXPECT_EQ(table.first_seen("b", kNow + 9), kNow + 9);
  EXPECT_EQ(table.first_seen("a", kNow + 899), kNow + 5);
  EXPECT_EQ(table.first_seen("b", kNow + 100'000), kNow + 9);
}

TEST(SightingTable, TellsEveryThreadTheSame) {
  SightingTable table(4096, kNow);
  for (int i = 0; i < 200; ++i) table.first_seen("token" + std::to_string(i), kNow + i);
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        if (table.first_seen("token" + std::to_string(i), kNow + 800) != kNow + i) ++wrong[t];
        table.first_seen("of" + std::to_string(t) + "/" + std::to_string(i), kNow + 800);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST(SightingTable, ForgetsWhatWasSeenFirstOfAll) {
  SightingTable table(16, kNow);  // one bucket
  for (int i = 0; i < 16; ++i) table.first_seen("token" + std::to_string(i), kNow + i);
  EXPECT_EQ(table.first_seen("one more", kNow + 50), kNow + 50);
  for (int i = 1; i < 16; ++i) {
    EXPECT_EQ(table.first_seen("token" + std::to_string(i), kNow + 60), kNow + i);
  }
  EXPECT_EQ(table.first_seen("one more", kNow + 60), kNow + 50);
  EXPECT_EQ(table.first_seen("token0", kNow + 70), kNow + 70);
}

}  // namespace
}  // namespace sallyport::bearer
