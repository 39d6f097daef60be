// What a keeper makes of a wall clock that jumps.

#include "modules/revocation/keeper_fixture.h"

namespace sallyport::revocation {
namespace {

using KeeperClock = KeeperFixture;
using testing::HasSubstr;
using testing::StartsWith;

// At the start nobody knows whether the wall clock is right.
TEST_F(KeeperClock, KeepsWhatHasExpiredWhileTheClockIsOnTrial) {
  trial = Seconds(600);
  Record old;
  old.value = "old";
  old.expires = wall_now().unix_seconds() - 5;
  disk.records[record_key(old.unit, "", old.value)] = old;
  start();
  tick_some();
  EXPECT_TRUE(is_revoked(Unit::token, "old"));
  EXPECT_EQ(disk.records.size(), 1u);
  EXPECT_THAT(keeper->problems(), testing::IsEmpty()) << "a start is no jump";
  pass(Seconds(599));
  tick_some();
  EXPECT_TRUE(is_revoked(Unit::token, "old"));
  pass(Seconds(2));
  EXPECT_FALSE(is_revoked(Unit::token, "old"));
  EXPECT_TRUE(wait_until([&] { return disk.records.empty(); }));
}

// What the issue was: a wall clock that is a day ahead for one second.
TEST_F(KeeperClock, LosesNothingToAClockThatJumps) {
  trial = Seconds(600);
  start();
  pass(Seconds(601));
  ASSERT_TRUE(keeper->clock().is_settled());
  order("revoke", R"({"unit":"jti","value":"a"})");
  const std::int64_t jumped = keeper->now() + 2 * 86'400;
  EXPECT_TRUE(keeper->set()->find(Unit::token, "", "a", 1, jumped)) << "a worker sees it first";
  wall_moved += Seconds(2 * 86'400);
  tick_some();
  EXPECT_TRUE(is_revoked(Unit::token, "a"));
  EXPECT_EQ(disk.records.size(), 1u);
  start();  // and a restart meanwhile
  EXPECT_TRUE(is_revoked(Unit::token, "a"));
  wall_moved -= Seconds(2 * 86'400);
  tick_some();
  const auto notices = keeper->notices();
  ASSERT_EQ(notices.size(), 1u);
  EXPECT_EQ(notices[0].event, "clock_jumped");
  EXPECT_THAT(notices[0].message, HasSubstr("back by 172800.0 s"));
  EXPECT_EQ(keeper->problems().size(), 1u);
  pass(Seconds(601));
  tick_some();
  EXPECT_TRUE(is_revoked(Unit::token, "a"));
  EXPECT_EQ(disk.records.size(), 1u);
  EXPECT_THAT(keeper->problems(), testing::IsEmpty());
  pass(Seconds(86'400));
  EXPECT_TRUE(wait_until([&] { return disk.records.empty(); })) << "its time is over after all";
}

TEST_F(KeeperClock, TakesNoCutoffFromAClockThatHasJustJumped) {
  trial = Seconds(600);
  start();
  wall_moved -= Seconds(600);  // seen at the order, before any tick
  EXPECT_THAT(order("revoke", R"({"unit":"subject","value":"u"})"), StartsWith("409 "));
  EXPECT_THAT(order("revoke", R"({"unit":"client","value":"c"})"),
              HasSubstr("name the cut-off (--cutoff TIME"));
  EXPECT_TRUE(disk.records.empty());
  EXPECT_THAT(order("revoke", R"({"unit":"subject","value":"u","cutoff":1800000000})"),
              StartsWith("200 "));
  const std::int64_t ordered_at = wall_now().unix_seconds();
  EXPECT_THAT(order("revoke", R"({"unit":"jti","value":"a"})"), StartsWith("200 "))
      << "it needs no cut-off";
  // Whole seconds: the keeper reads its clocks at another part of one.
  EXPECT_GE(disk.records.at(record_key(Unit::token, "", "a")).expires,
            ordered_at + Terms().keep.count() - 1)
      << "nor does it end early when the clock is set right";
  pass(Seconds(601));
  EXPECT_THAT(order("revoke", R"({"unit":"client","value":"c"})"), StartsWith("200 "));
}

}  // namespace
}  // namespace sallyport::revocation
