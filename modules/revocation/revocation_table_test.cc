#include "modules/revocation/revocation_table.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "modules/revocation/unit.h"

namespace sallyport::revocation {
namespace {

using crypto::Hash128;

// key makes keys that all begin their search at one of a few slots, so that probing is at work.
Hash128 key(std::uint64_t number) { return {number % 7, number + 1}; }

TEST(RevocationTable, FindsExactlyWhatWasPut) {
  RevocationTable table;
  EXPECT_FALSE(table.find(key(1)));
  EXPECT_TRUE(table.put(key(1), {10, 20}));
  EXPECT_EQ(table.find(key(1)), (Mark{10, 20}));
  EXPECT_FALSE(table.find(key(2)));
  EXPECT_FALSE(table.find(key(8)));  // begins at the same slot
}

TEST(RevocationTable, ReplacesAMark) {
  RevocationTable table;
  EXPECT_TRUE(table.put(key(1), {10, 20}));
  EXPECT_FALSE(table.put(key(1), {30, 40}));
  EXPECT_EQ(table.find(key(1)), (Mark{30, 40}));
  EXPECT_EQ(table.size(), 1u);
}

TEST(RevocationTable, ForgetsWhatWasErasedAndNothingElse) {
  RevocationTable table;
  for (std::uint64_t i = 0; i < 50; ++i) table.put(key(i), {1, 2});
  EXPECT_TRUE(table.erase(key(3)));
  EXPECT_FALSE(table.erase(key(3)));
  EXPECT_FALSE(table.erase(key(99)));
  EXPECT_FALSE(table.find(key(3)));
  EXPECT_TRUE(table.find(key(10)));  // behind it in the same run of slots
  EXPECT_EQ(table.size(), 49u);
  EXPECT_TRUE(table.put(key(3), {5, 6}));
  EXPECT_EQ(table.find(key(3)), (Mark{5, 6}));
  EXPECT_EQ(table.size(), 50u);
}

TEST(RevocationTable, TellsAKeyWithAnEmptyUpperHalfFromAnUnusedSlot) {
  RevocationTable table;
  EXPECT_FALSE(table.find({5, 0}));
  table.put({5, 0}, {1, 2});
  EXPECT_TRUE(table.find({5, 0}));
  EXPECT_FALSE(table.find({5, 2}));
}

TEST(RevocationTable, TellsAKeyOfZerosFromAnUnusedSlot) {
  RevocationTable table;
  EXPECT_FALSE(table.find({0, 0}));
  table.put({0, 0}, {1, 2});
  EXPECT_EQ(table.find({0, 0}), (Mark{1, 2}));
}

TEST(RevocationTable, GrowsAndKeepsEverything) {
  RevocationTable table;
  constexpr std::uint64_t kMany = 5000;
  for (std::uint64_t i = 0; i < kMany; ++i) {
    table.put({i * 0x9e3779b97f4a7c15, i}, {static_cast<std::int64_t>(i), 7});
  }
  EXPECT_EQ(table.size(), kMany);
  for (std::uint64_t i = 0; i < kMany; ++i) {
    ASSERT_EQ(table.find({i * 0x9e3779b97f4a7c15, i}), (Mark{static_cast<std::int64_t>(i), 7}));
  }
  EXPECT_FALSE(table.take_retired().empty());
  EXPECT_TRUE(table.take_retired().empty());
}

TEST(RevocationTable, DoesNotGrowByWhatComesAndGoes) {
  RevocationTable table;
  std::size_t generations = 0;
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    table.put({i * 0x9e3779b97f4a7c15, i}, {1, 2});
    table.erase({i * 0x9e3779b97f4a7c15, i});
    generations += table.take_retired().size();
  }
  // Always as small as at first: a new generation every 128 keys.
  EXPECT_GE(generations, 700u);
  EXPECT_EQ(table.size(), 0u);
}

TEST(RevocationTable, FindsTwoKeysInOneSearch) {
  RevocationTable table;
  table.put({5, 1}, {1, 2});
  table.put({5, 3}, {3, 4});
  const auto both = table.find_both(5, 3, 1);
  EXPECT_EQ(both[0], (Mark{3, 4}));
  EXPECT_EQ(both[1], (Mark{1, 2}));
  EXPECT_FALSE(table.find_both(5, 2, 4)[0]);
  EXPECT_FALSE(table.find_both(5, 2, 4)[1]);
}

TEST(RevocationTable, KeepsTimesThatItCannotWriteAsAlways) {
  RevocationTable table;
  table.put({1, 1}, {kAlways, 253'402'300'799});
  EXPECT_EQ(table.find({1, 1}), (Mark{kAlways, kAlways}));
  table.put({1, 1}, {-5, 4'000'000'000});
  EXPECT_EQ(table.find({1, 1}), (Mark{0, 4'000'000'000}));
}

TEST(RevocationTable, TakesFewBytesAtEverySize) {
  RevocationTable table;
  std::uint64_t random = 1;
  const auto next = [&] { return random = random * 6364136223846793005 + 1442695040888963407; };
  constexpr std::size_t kLimit = 100;
  for (std::size_t entries = 1; entries <= 300'000; ++entries) {
    const std::uint64_t low = next();
    table.put({low ^ low >> 29, next()}, {1, 2});
    if (entries >= 10'000 && entries % 1000 == 0) {
      ASSERT_LE(table.bytes(), entries * kLimit) << entries;
      table.take_retired();
    }
  }
}

TEST(RevocationTable, IsReadWhileItIsWritten) {
  RevocationTable table;
  std::vector<RevocationTable::Retired> kept;  // readers may still be at work on them
  std::atomic<std::uint64_t> written{0};
  std::atomic<int> wrong{0};
  constexpr std::uint64_t kMany = 20'000;
  const auto read = [&] {
    while (written.load(std::memory_order_acquire) < kMany) {
      const std::uint64_t until = written.load(std::memory_order_acquire);
      for (std::uint64_t i = until > 64 ? until - 64 : 0; i < until; ++i) {
        const auto mark = table.find({i * 0x9e3779b97f4a7c15, i});
        if (!mark || mark->cutoff != static_cast<std::int64_t>(i)) wrong.fetch_add(1);
      }
      if (table.find({1, ~until})) wrong.fetch_add(1);
    }
  };
  std::thread one(read);
  std::thread two(read);
  for (std::uint64_t i = 0; i < kMany; ++i) {
    table.put({i * 0x9e3779b97f4a7c15, i}, {static_cast<std::int64_t>(i), 7});
    for (auto& retired : table.take_retired()) kept.push_back(std::move(retired));
    written.store(i + 1, std::memory_order_release);
  }
  one.join();
  two.join();
  EXPECT_EQ(wrong.load(), 0);
}

}  // namespace
}  // namespace sallyport::revocation
