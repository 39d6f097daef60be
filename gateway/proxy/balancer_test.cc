#include "gateway/proxy/balancer.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace sallyport::proxy {
namespace {

constexpr MonoTime kNow{1'000'000'000};

class Balancing : public ::testing::Test {
 protected:
  void add(unsigned weight) {
    servers_.push_back(std::make_unique<Server>());
    servers_.back()->weight = weight;
    shares_.push_back(std::make_unique<Share>());
    shares_.back()->server = servers_.back().get();
    pointers_.push_back(shares_.back().get());
  }
  std::optional<std::size_t> choose(MonoTime now = kNow, Milliseconds slow_start = Milliseconds(0),
                                    const Server* avoid = nullptr) {
    return pick(pointers_, slow_start, now, avoid);
  }
  // turns counts who gets `count` requests that end at once.
  std::vector<int> turns(int count, MonoTime now = kNow,
                         Milliseconds slow_start = Milliseconds(0)) {
    std::vector<int> got(servers_.size());
    for (int i = 0; i < count; ++i) ++got[*choose(now, slow_start)];
    return got;
  }

  std::vector<std::unique_ptr<Server>> servers_;
  std::vector<std::unique_ptr<Share>> shares_;
  std::vector<Share*> pointers_;
};

TEST_F(Balancing, GivesIdleServersTurnsByWeight) {
  add(3);
  add(1);
  add(1);
  EXPECT_EQ(turns(50), (std::vector<int>{30, 10, 10}));
}

TEST_F(Balancing, DoesNotGiveAHeavyServerAllItsTurnsAtOnce) {
  add(3);
  add(1);
  int longest = 0;
  int row = 0;
  for (int i = 0; i < 40; ++i) {
    row = *choose() == 0 ? row + 1 : 0;
    longest = std::max(longest, row);
  }
  EXPECT_LE(longest, 4);
}

TEST_F(Balancing, PrefersTheServerWithTheFewestRequestsForItsWeight) {
  add(1);
  add(4);
  shares_[0]->in_flight = 2;
  shares_[1]->in_flight = 7;  // 7 / 4 < 2 / 1
  EXPECT_EQ(choose(), 1U);
  shares_[1]->in_flight = 9;
  EXPECT_EQ(choose(), 0U);
}

TEST_F(Balancing, GivesASlowServerNothingMoreUntilTheOthersAreAsBusy) {
  add(1);
  add(1);
  shares_[0]->in_flight = 10;
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(choose(), 1U);
    ++shares_[1]->in_flight;
  }
}

TEST_F(Balancing, PassesOverWhoIsDownOrEjected) {
  add(1);
  add(1);
  add(1);
  servers_[0]->condition.healthy = false;
  servers_[1]->condition.ejected_until_us = kNow.us + 1;
  EXPECT_EQ(turns(5), (std::vector<int>{0, 0, 5}));
  EXPECT_EQ(turns(4, {kNow.us + 1})[1], 2) << "its time is over";
}

TEST_F(Balancing, HasNobodyWhenAllAreDown) {
  add(1);
  servers_[0]->condition.healthy = false;
  EXPECT_EQ(choose(), std::nullopt);
}

TEST_F(Balancing, AvoidsAServerOnlyWhileThereIsAnother) {
  add(5);
  add(1);
  EXPECT_EQ(choose(kNow, Milliseconds(0), servers_[0].get()), 1U);
  servers_[1]->condition.healthy = false;
  EXPECT_EQ(choose(kNow, Milliseconds(0), servers_[0].get()), 0U);
}

TEST_F(Balancing, LetsTheShareOfAServerThatReturnedGrow) {
  add(1);
  add(1);
  servers_[0]->condition.returned_us = kNow.us;
  const Milliseconds slow(10'000);
  const auto share = [&](Milliseconds later) { return turns(2000, kNow + later, slow)[0]; };
  EXPECT_NEAR(share(Milliseconds(0)), 95, 5);        // 5 %: 5 / 105
  EXPECT_NEAR(share(Milliseconds(5'000)), 667, 10);  // 50 %: 50 / 150
  EXPECT_NEAR(share(Milliseconds(10'000)), 1000, 2);
}

TEST(WeightNow, CountsTheEndOfAnEjectionAsAReturn) {
  Server server;
  server.condition.ejected_until_us = kNow.us;
  EXPECT_EQ(weight_now(server, Milliseconds(1'000), kNow + Milliseconds(500)), kWeightUnit / 2);
  EXPECT_EQ(weight_now(server, Milliseconds(0), kNow), kWeightUnit);
}

}  // namespace
}  // namespace sallyport::proxy
