#include "gateway/ratelimit/key_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/ratelimit/bucket.h"

namespace sallyport::ratelimit {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

crypto::Hash128 key_of(std::uint64_t number) {
  const crypto::SipKey key({1, 2});
  return key.hash128({reinterpret_cast<const char*>(&number), sizeof number});
}

TEST(Bucket, LetsABurstPassAndThenTheRate) {
  KeyTable table(64);
  const Rate rate{kSecond / 10, 5};
  const auto passes = [&](std::int64_t now) {
    return table.change(key_of(1), now, TakeOne{rate, now}).is_changed;
  };
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(passes(kSecond));
  EXPECT_FALSE(passes(kSecond));
  EXPECT_FALSE(passes(kSecond + kSecond / 10 - 1));
  EXPECT_TRUE(passes(kSecond + kSecond / 10));
  EXPECT_FALSE(passes(kSecond + kSecond / 10));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(passes(10 * kSecond));
  EXPECT_FALSE(passes(10 * kSecond));
}

TEST(Bucket, NeverExceedsTheLimitInAnySpan) {
  KeyTable table(64);
  const Rate rate{333'333'334, 4};  // three a second
  std::int64_t passed = 0;
  for (std::int64_t now = 0; now < 100 * kSecond; now += 7'000'003) {
    passed += table.change(key_of(1), now, TakeOne{rate, now}).is_changed;
    ASSERT_LE(passed, 4 + now * 3 / kSecond);
  }
  EXPECT_GE(passed, 4 + 3 * 99);
}

TEST(Bucket, AnOlderClockIsOnlyStricter) {
  KeyTable table(64);
  const Rate rate{kSecond, 2};
  EXPECT_TRUE(table.change(key_of(1), 5 * kSecond, TakeOne{rate, 5 * kSecond}).is_changed);
  EXPECT_FALSE(table.change(key_of(1), 3 * kSecond, TakeOne{rate, 3 * kSecond}).is_changed);
}

TEST(Level, SaysWhatIsLeft) {
  const Rate rate{kSecond / 10, 5};
  const Level full = Level::of(rate, 0, kSecond);
  EXPECT_EQ(full.remaining, 5);
  EXPECT_EQ(full.full_in_ns, 0);
  EXPECT_EQ(full.next_in_ns, 0);
  const Level empty = Level::of(rate, kSecond + kSecond / 2, kSecond);
  EXPECT_EQ(empty.remaining, 0);
  EXPECT_EQ(empty.full_in_ns, kSecond / 2);
  EXPECT_EQ(empty.next_in_ns, kSecond / 10);
  // As low as another gateway has made it.
  const Level debt = Level::of(rate, 3 * kSecond, kSecond);
  EXPECT_EQ(debt.remaining, 0);
  EXPECT_EQ(debt.next_in_ns, 2 * kSecond - kSecond / 2 + kSecond / 10);
}

TEST(Bucket, IsRaisedOnlyUpwards) {
  KeyTable table(64);
  EXPECT_TRUE(table.change(key_of(1), 10, RaiseTo{500, 10}).is_changed);
  EXPECT_FALSE(table.change(key_of(1), 10, RaiseTo{400, 10}).is_changed);
  EXPECT_EQ(table.change(key_of(1), 10, RaiseTo{0, 10}).before, 500);
}

TEST(Count, HoldsUntilItIsLeft) {
  KeyTable table(64);
  const Enter two{2};
  const auto first = table.change(key_of(1), 0, two);
  EXPECT_TRUE(first.is_changed);
  EXPECT_TRUE(table.change(key_of(1), 0, two).is_changed);
  EXPECT_FALSE(table.change(key_of(1), 0, two).is_changed);
  EXPECT_TRUE(table.change(key_of(2), 0, two).is_changed);
  EXPECT_EQ(table.in_use(0), 2u);
  KeyTable::take_back(*first.slot, -1);
  EXPECT_TRUE(table.change(key_of(1), 0, two).is_changed);
}

TEST(KeyTable, NeverGivesAwayWhatIsInUse) {
  KeyTable table(64);
  const Rate rate{kSecond, 1};
  std::set<std::uint64_t> held;
  int full = 0;
  for (std::uint64_t number = 0; number < 1000; ++number) {
    const auto took = table.change(key_of(number), kSecond, TakeOne{rate, kSecond});
    took.slot != nullptr ? void(held.insert(number)) : void(++full);
  }
  EXPECT_EQ(held.size() + static_cast<std::size_t>(full), 1000u);
  EXPECT_EQ(held.size(), table.in_use(kSecond));
  EXPECT_GT(held.size(), table.capacity() * 3 / 4);
  for (const std::uint64_t number : held) {
    const auto again = table.change(key_of(number), kSecond, TakeOne{rate, kSecond});
    ASSERT_NE(again.slot, nullptr);
    EXPECT_FALSE(again.is_changed) << "a key in use was forgotten";
  }
  EXPECT_EQ(table.handovers(), 0u);
}

TEST(KeyTable, GivesPlacesThatAreIdleToOtherKeys) {
  KeyTable table(64);
  const Rate rate{kSecond, 1};
  for (std::uint64_t number = 0; number < 1000; ++number) {
    const std::int64_t now = (static_cast<std::int64_t>(number) + 1) * kSecond;
    EXPECT_TRUE(table.change(key_of(number), now, TakeOne{rate, now}).is_changed);
    EXPECT_LE(table.in_use(now), 1u);
  }
  EXPECT_GT(table.handovers(), 900u);
}

// Every thread takes from all keys of a table that is too small for them. The keys come in shifts,
// as only what has been idle gives up its place: places change hands all the time while buckets are
// charged, and no key may ever get more than its rate.
TEST(KeyTable, IsExactWhileThreadsCompete) {
  constexpr std::size_t kKeys = 48;
  constexpr int kThreads = 4;
  constexpr std::int64_t kShift = 20'000'000;
  const Rate rate{200'000, 2};
  KeyTable table(16);
  std::array<std::atomic<std::int64_t>, kKeys> passed{};
  std::atomic<std::int64_t> refused{0};
  const std::int64_t begin = mono_now().us * 1000;
  const std::int64_t end = begin + 400'000'000;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t i = static_cast<std::uint64_t>(t);; i += 7) {
        const std::int64_t now = mono_now().us * 1000;
        if (now > end) return;
        const auto shift = static_cast<std::uint64_t>((now - begin) / kShift);
        const std::size_t number = (shift * 16 + i % 20) % kKeys;
        const auto took = table.change(key_of(number), now, TakeOne{rate, now});
        took.is_changed ? ++passed[number] : ++refused;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::int64_t span = mono_now().us * 1000 - begin;
  std::int64_t sum = 0;
  for (std::size_t number = 0; number < kKeys; ++number) {
    EXPECT_LE(passed[number], rate.burst + span / rate.interval_ns) << number;
    sum += passed[number];
  }
  EXPECT_GT(sum, 100);
  EXPECT_GT(refused, 0);
  EXPECT_GT(table.handovers(), 10u);
}

TEST(KeyTable, CountsExactlyWhileThreadsCompete) {
  constexpr std::size_t kKeys = 24;
  constexpr std::int64_t kMost = 2;
  KeyTable table(16);
  std::array<std::atomic<std::int64_t>, kKeys> inside{};
  std::atomic<std::int64_t> too_many{0};
  std::atomic<std::int64_t> entered{0};
  const MonoTime end = mono_now() + Milliseconds(300);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t i = static_cast<std::uint64_t>(t); mono_now() < end; i += 5) {
        const std::size_t number = i % kKeys;
        const auto outcome = table.change(key_of(number), 0, Enter{kMost});
        if (!outcome.is_changed) continue;
        ++entered;
        if (++inside[number] > kMost) ++too_many;
        std::this_thread::yield();
        --inside[number];
        KeyTable::take_back(*outcome.slot, -1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(too_many, 0);
  EXPECT_GT(entered, 100);
  EXPECT_EQ(table.in_use(0), 0u) << "a count was never left";
}

}  // namespace
}  // namespace sallyport::ratelimit
