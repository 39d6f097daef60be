#include "modules/revocation/sync_round.h"

#include <gtest/gtest.h>

namespace sallyport::revocation {
namespace {

using Action = SyncRound::Action;

constexpr std::int64_t kNow = 1'800'000'000;

Record record(std::string value, Origin origin) {
  Record made;
  made.unit = Unit::subject;
  made.value = std::move(value);
  made.made = kNow - 100;
  made.origin = origin;
  return made;
}

std::string key_of(const Record& one) { return record_key(one.unit, one.issuer, one.value); }

Action judged(SyncRound& round, const Record& one) { return round.judge(key_of(one), one, kNow); }

TEST(SyncRound, KeepsWhatItHasSeen) {
  SyncRound round;
  for (const Origin origin : {Origin::order, Origin::redis, Origin::foreign}) {
    const Record one = record("u" + std::to_string(static_cast<int>(origin)), origin);
    round.note_seen(key_of(one));
    EXPECT_EQ(judged(round, one), Action::keep);
  }
  EXPECT_EQ(round.missing(), 0U);
}

TEST(SyncRound, GivesBackWhatTheRedisHasLost) {
  SyncRound round;
  EXPECT_EQ(judged(round, record("lost", Origin::redis)), Action::give_back);
  EXPECT_EQ(round.missing(), 1U);
  // What was ordered here was never there: it is no loss.
  EXPECT_EQ(judged(round, record("ordered", Origin::order)), Action::give_back);
  EXPECT_EQ(round.missing(), 1U);
}

TEST(SyncRound, LeavesTheKeysOfOtherProgramsToThem) {
  SyncRound round;
  EXPECT_EQ(judged(round, record("foreign", Origin::foreign)), Action::keep);
  EXPECT_EQ(round.missing(), 1U);
}

TEST(SyncRound, KeepsWhatIsAboutToEnd) {
  SyncRound round;
  Record one = record("ends", Origin::redis);
  one.expires = kNow + kNearEnd;
  EXPECT_EQ(judged(round, one), Action::keep);
  EXPECT_EQ(round.missing(), 0U);
  one.expires = kNow + kNearEnd + 1;
  EXPECT_EQ(judged(round, one), Action::give_back);
}

TEST(SyncRound, LiftsWhatWasReinstatedAfterItWasMade) {
  SyncRound round;
  const Record one = record("u", Origin::redis);
  round.note_reinstated(key_of(one), one.made - 1);
  EXPECT_EQ(judged(round, one), Action::give_back) << "it was revoked again";
  round.note_reinstated(key_of(one), one.made);
  EXPECT_EQ(judged(round, one), Action::lift);
  round.note_seen(key_of(one));
  EXPECT_EQ(judged(round, one), Action::keep) << "it is there again";
}

TEST(SyncRound, NotesNothingWhenItIsDone) {
  SyncRound round;
  const Record one = record("u", Origin::redis);
  EXPECT_EQ(round.step(), SyncRound::Step::scanning);
  round.compare_now();
  EXPECT_EQ(round.step(), SyncRound::Step::comparing);
  round.note_seen(key_of(one));
  round.finish();
  EXPECT_EQ(round.step(), SyncRound::Step::done);
  round.note_seen(key_of(one));
  round.note_reinstated(key_of(one), kNow);
  EXPECT_EQ(judged(round, one), Action::give_back);
}

TEST(SyncRound, IsNewAsAWhole) {
  SyncRound round;
  const Record one = record("u", Origin::redis);
  judged(round, one);
  round.shortfall = {true, true};
  round.unwritten = 3;
  round.compared = "x";
  round = {};
  EXPECT_EQ(round.missing(), 0U);
  EXPECT_EQ(round.unwritten, 0U);
  EXPECT_FALSE(round.shortfall.is_full || round.shortfall.is_unsure);
  EXPECT_EQ(round.compared, "");
}

}  // namespace
}  // namespace sallyport::revocation
