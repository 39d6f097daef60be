#include "gateway/proxy/ejection.h"

#include <gtest/gtest.h>

#include <memory>

namespace sallyport::proxy {
namespace {

constexpr MonoTime kNow{1'000'000'000};
constexpr EjectionRules kRules{3, Milliseconds(1'000), 50};

class Ejecting : public ::testing::Test {
 protected:
  void have(int servers) {
    for (int i = 0; i < servers; ++i) set_.servers.push_back(std::make_shared<Server>());
  }
  const Server& server(std::size_t i) { return *set_.servers[i]; }
  bool fail(std::size_t i, MonoTime now = kNow, const EjectionRules& rules = kRules) {
    return note_failure(set_, server(i), rules, now);
  }
  // fails_until_ejected returns how long the server is out for.
  std::int64_t eject(std::size_t i, MonoTime now) {
    EXPECT_FALSE(fail(i, now));
    EXPECT_FALSE(fail(i, now));
    EXPECT_TRUE(fail(i, now));
    return (server(i).condition.ejected_until_us - now.us) / 1000;
  }

  ServerSet set_;
};

TEST_F(Ejecting, TakesThatManyFailuresInARow) {
  have(2);
  EXPECT_FALSE(fail(0));
  EXPECT_FALSE(fail(0));
  note_success(server(0));
  EXPECT_FALSE(fail(0));
  EXPECT_FALSE(fail(0));
  EXPECT_TRUE(server(0).condition.is_up(kNow));
  EXPECT_TRUE(fail(0));
  EXPECT_FALSE(server(0).condition.is_up(kNow));
  EXPECT_TRUE(server(0).condition.is_up(kNow + Milliseconds(1'000)));
}

TEST_F(Ejecting, LastsLongerEachTimeThatFollowsClosely) {
  have(2);
  MonoTime now = kNow;
  for (int time = 1; time <= 12; ++time) {
    const std::int64_t out_ms = eject(0, now);
    EXPECT_EQ(out_ms, 1'000 * std::min(time, 10));
    now = now + Milliseconds(out_ms + 1);
  }
  now = now + Milliseconds(10'000);
  EXPECT_EQ(eject(0, now), 1'000) << "after a good while it counts anew";
}

TEST_F(Ejecting, NeverTakesTheOnlyServer) {
  have(1);
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(fail(0));
}

TEST_F(Ejecting, KeepsToItsShareOfTheServers) {
  have(5);
  eject(0, kNow);
  eject(1, kNow);
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(fail(2)) << "two of five are out: half, rounded down";
  EXPECT_TRUE(fail(2, kNow + Milliseconds(1'001))) << "the two are back";
}

TEST_F(Ejecting, CanBeSwitchedOff) {
  have(2);
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(fail(0, kNow, {0, Milliseconds(1'000), 100}));
}

TEST_F(Ejecting, DoesNotEjectWhoIsOutAlready) {
  have(4);
  eject(0, kNow);
  const std::int64_t until = server(0).condition.ejected_until_us;
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(fail(0, kNow + Milliseconds(1)));
  EXPECT_EQ(server(0).condition.ejected_until_us, until);
}

TEST(IsFailure, BlamesTheServerForGatewayErrorsOnly) {
  for (const int status : {502, 503, 504}) EXPECT_TRUE(is_failure(status)) << status;
  for (const int status : {200, 404, 429, 500, 501, 505})
    EXPECT_FALSE(is_failure(status)) << status;
}

}  // namespace
}  // namespace sallyport::proxy
