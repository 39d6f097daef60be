#include "gateway/base/clock_watch.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

class ClockWatching : public ::testing::Test {
 protected:
  // pass lets time go by and looks; `wall_ms` more or less passes on the wall clock.
  std::optional<Milliseconds> pass(Seconds time, std::int64_t wall_ms = 0) {
    now_.boot.us += time.count() * 1'000'000;
    now_.wall.unix_ms += time.count() * 1000 + wall_ms;
    return watch_.look(now_);
  }

  ClockReading now_{{1'800'000'000'000}, {77'000'000}};
  ClockWatch watch_{Seconds(600)};
};

TEST_F(ClockWatching, BelievesTheWallClockAfterItsTrial) {
  EXPECT_FALSE(pass(Seconds(0)));
  EXPECT_FALSE(pass(Seconds(599)));
  EXPECT_FALSE(watch_.is_settled());
  EXPECT_FALSE(watch_.has_jumped()) << "a start is no jump";
  EXPECT_FALSE(pass(Seconds(1)));
  EXPECT_TRUE(watch_.is_settled());
}

TEST_F(ClockWatching, SeesAJumpEitherWayAndBeginsAgain) {
  for (const std::int64_t jump_ms : {86'400'000L, -600'000L, 2001L, -2001L}) {
    pass(Seconds(0));
    pass(Seconds(600));
    ASSERT_TRUE(watch_.is_settled());
    const auto jump = pass(Seconds(1), jump_ms);
    ASSERT_TRUE(jump);
    EXPECT_EQ(jump->count(), jump_ms);
    EXPECT_FALSE(watch_.is_settled());
    EXPECT_TRUE(watch_.has_jumped());
    pass(Seconds(599));
    EXPECT_FALSE(watch_.is_settled());
    pass(Seconds(1));
    EXPECT_TRUE(watch_.is_settled());
    EXPECT_FALSE(watch_.has_jumped());
  }
}

// Ahead for one second and back is two jumps: nothing is believed in between or right after.
TEST_F(ClockWatching, IsNotFooledByAJumpThatIsTakenBack) {
  pass(Seconds(0));
  pass(Seconds(600));
  EXPECT_TRUE(pass(Seconds(1), 86'400'000));
  EXPECT_TRUE(pass(Seconds(1), -86'400'000));
  EXPECT_FALSE(watch_.is_settled());
}

TEST_F(ClockWatching, LetsAClockDriftAndBeSlewed) {
  pass(Seconds(0));
  for (int minute = 0; minute < 24 * 60; ++minute) {
    EXPECT_FALSE(pass(Seconds(60), 30)) << minute;  // 500 ppm
  }
  EXPECT_TRUE(watch_.is_settled());
}

// Steps that are each too small to be one add up within a trial.
TEST_F(ClockWatching, SeesManySmallSteps) {
  pass(Seconds(0));
  EXPECT_FALSE(pass(Seconds(1), 1900));
  EXPECT_TRUE(pass(Seconds(1), 1900));
}

TEST(ClockReadings, AreOfThisMachine) {
  const ClockReading first = read_clocks();
  EXPECT_GT(first.boot.us, 0);
  EXPECT_GE(read_clocks().boot, first.boot);
}

}  // namespace
}  // namespace sallyport
