#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gateway/server/connection_refusal.h"
#include "gateway/server/connection_tally.h"
#include "gateway/server/handshake_queue.h"
#include "gateway/server/patience.h"

namespace sallyport::server {
namespace {

using Charge = ConnectionTally::Charge;

MonoTime at(std::int64_t ms) { return {1'000'000'000 + ms * 1000}; }

net::Address address(const std::string& text) { return net::Address::parse(text).value(); }

// ---- ConnectionTally

TEST(ConnectionTally, CountsWhatIsOpen) {
  ConnectionTally tally;
  auto first = tally.take(2);
  {
    const auto second = tally.take(2);
    EXPECT_TRUE(first && second);
    EXPECT_FALSE(tally.take(2));
    EXPECT_EQ(tally.taken(), 2U);
  }
  EXPECT_EQ(tally.taken(), 1U);
  auto moved = std::move(first);
  EXPECT_EQ(tally.taken(), 1U);
  moved = {};
  EXPECT_EQ(tally.taken(), 0U);
}

class OneAddress : public ::testing::Test {
 protected:
  Charge charge(const std::string& from, std::int64_t ms = 0) {
    auto seat = tally_.take(1'000'000);
    const Charge charge = tally_.charge(seat, address(from), limits_, at(ms));
    if (charge == Charge::good) seats_.push_back(std::move(seat));
    return charge;
  }

  ConnectionTally tally_;
  AddressLimits limits_{2, 0};
  std::vector<ConnectionTally::Seat> seats_;
};

TEST_F(OneAddress, HasItsOwnLimit) {
  EXPECT_EQ(charge("192.0.2.1"), Charge::good);
  EXPECT_EQ(charge("192.0.2.1"), Charge::good);
  EXPECT_EQ(charge("192.0.2.1"), Charge::too_many);
  EXPECT_EQ(charge("192.0.2.2"), Charge::good);
  EXPECT_EQ(tally_.taken(), 3U) << "a refused connection holds no seat";
  seats_.erase(seats_.begin());
  EXPECT_EQ(charge("192.0.2.1"), Charge::good);
}

TEST_F(OneAddress, IsABlockOf64BitsInIpv6) {
  EXPECT_EQ(charge("2001:db8::1"), Charge::good);
  EXPECT_EQ(charge("2001:db8::ffff:1"), Charge::good);
  EXPECT_EQ(charge("2001:db8::2"), Charge::too_many);
  EXPECT_EQ(charge("2001:db8:0:1::1"), Charge::good);
}

TEST_F(OneAddress, MayNotConnectTooOften) {
  limits_ = {0, 10};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(charge("192.0.2.1"), Charge::good);
  EXPECT_EQ(charge("192.0.2.1"), Charge::too_often);
  EXPECT_EQ(charge("192.0.2.1", 99), Charge::too_often);
  EXPECT_EQ(charge("192.0.2.1", 101), Charge::good);
  EXPECT_EQ(charge("192.0.2.1", 102), Charge::too_often);
}

TEST_F(OneAddress, IsForgottenWhenOthersNeedTheRoom) {
  limits_ = {0, 1};
  for (unsigned i = 0; i < 200'000; ++i) {
    EXPECT_EQ(charge(net::Address::from_v4(i).text()), Charge::good);
    seats_.clear();
  }
  EXPECT_LE(tally_.addresses(), 64U * 256);
}

TEST_F(OneAddress, IsNeverForgottenWhileItIsConnected) {
  for (unsigned i = 0; i < 100'000; ++i) charge(net::Address::from_v4(i).text());
  EXPECT_EQ(tally_.addresses(), 100'000U);
  EXPECT_EQ(charge(net::Address::from_v4(7).text()), Charge::good);
  EXPECT_EQ(charge(net::Address::from_v4(7).text()), Charge::too_many);
}

TEST(ConnectionTally, IsExactWithManyThreads) {
  ConnectionTally tally;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&tally] {
      for (unsigned i = 0; i < 5'000; ++i) {
        auto seat = tally.take(1000);
        ASSERT_EQ(tally.charge(seat, net::Address::from_v4(i % 16), {100, 0}, at(0)), Charge::good);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(tally.taken(), 0U);
  auto seat = tally.take(1);
  EXPECT_EQ(tally.charge(seat, net::Address::from_v4(1), {1, 0}, at(0)), Charge::good);
}

// ---- Patience

class Waiting : public ::testing::Test {
 protected:
  std::int64_t left(std::int64_t ms) { return patience_.left(at(ms)).count(); }

  Patience patience_;
  Patience::Rule rule_{Milliseconds(1000), 100};
};

TEST_F(Waiting, EndsForWhoeverIsSilent) {
  patience_.run(rule_, at(0));
  EXPECT_EQ(left(400), 600);
  EXPECT_EQ(left(1000), 0);
  EXPECT_TRUE(patience_.is_silent(rule_, at(1000)));
}

TEST_F(Waiting, EndsForWhoeverTrickles) {
  patience_.run(rule_, at(0));
  std::int64_t now = 0;
  while (left(now) > 0 && now < 10'000) {
    now += 100;
    patience_.moved(1, rule_, at(now));  // a tenth of the rate
  }
  EXPECT_NEAR(static_cast<double>(now), 1100, 100);
  EXPECT_FALSE(patience_.is_silent(rule_, at(now)));
}

TEST_F(Waiting, GoesOnForWhoeverKeepsTheRate) {
  patience_.run(rule_, at(0));
  for (std::int64_t now = 100; now < 60'000; now += 100) {
    ASSERT_GT(left(now), 0);
    patience_.moved(10, rule_, at(now));
  }
}

TEST_F(Waiting, DoesNotSaveMoreThanTheGrace) {
  patience_.run(rule_, at(0));
  patience_.moved(1'000'000, rule_, at(1));
  EXPECT_EQ(left(1), 1000);
}

TEST_F(Waiting, StandsStillWhileItIsOurTurn) {
  patience_.run(rule_, at(0));
  patience_.pause(at(400));
  patience_.run(rule_, at(50'000));
  EXPECT_EQ(left(50'000), 600);
  patience_.pause(at(50'100));
  patience_.reset();
  patience_.run(rule_, at(60'000));
  EXPECT_EQ(left(60'000), 1000);
}

TEST_F(Waiting, WithoutARateStartsAnewWithEveryByte) {
  rule_.rate = 0;
  patience_.run(rule_, at(0));
  patience_.moved(1, rule_, at(900));
  EXPECT_EQ(left(900), 1000);
}

// ---- HandshakeQueue

struct FakeHandshake final : HandshakeQueue::Turn {
  FakeHandshake(HandshakeQueue& to, std::vector<int>& into, int id)
      : queue(to), steps(into), number(id) {}
  ~FakeHandshake() override { queue.leave(*this); }
  bool has_begun() override {
    if (!is_gone) return true;
    steps.push_back(-number);
    queue.leave(*this);
    return false;
  }
  void on_turn() override { steps.push_back(number); }
  void on_crowded_out() override { steps.push_back(-number); }

  HandshakeQueue& queue;
  std::vector<int>& steps;
  const int number;
  bool is_gone = false;
};

class Queue : public ::testing::Test {
 protected:
  FakeHandshake& add(int number) {
    all_.push_back(std::make_unique<FakeHandshake>(queue_, steps_, number));
    return *all_.back();
  }
  void run_for(int milliseconds) {
    const MonoTime end = mono_now() + Milliseconds(milliseconds);
    while (mono_now() < end) loop_.run_once();
    loop_.refresh_clock();
  }

  event::Loop loop_;
  HandshakeQueue queue_{loop_};
  std::vector<int> steps_;
  std::vector<std::unique_ptr<FakeHandshake>> all_;
};

TEST_F(Queue, GivesTurnsInOrder) {
  for (int i = 1; i <= 5; ++i) queue_.wait_for_turn(add(i));
  EXPECT_TRUE(steps_.empty()) << "never inside the caller";
  run_for(20);
  EXPECT_EQ(steps_, (std::vector<int>{1, 2, 3, 4, 5}));
  EXPECT_EQ(queue_.size(), 0U);
}

TEST_F(Queue, LetsNoMoreBeginThanTheLimits) {
  queue_.set_limits({100, TokenRate::per_second(50, 2)});
  for (int i = 1; i <= 20; ++i) queue_.wait_for_turn(add(i));
  run_for(100);
  EXPECT_GE(steps_.size(), 4U);
  EXPECT_LE(steps_.size(), 8U);
}

TEST_F(Queue, DoesNotChargeWhoHasGone) {
  queue_.set_limits({100, TokenRate::per_second(0.001, 1)});
  for (int i = 1; i <= 9; ++i) {
    add(i).is_gone = true;
    queue_.wait_for_turn(*all_.back());
  }
  queue_.wait_for_turn(add(10));
  run_for(20);
  EXPECT_EQ(steps_, (std::vector<int>{-1, -2, -3, -4, -5, -6, -7, -8, -9, 10}));
}

TEST_F(Queue, DoesNotChargeALaterStep) {
  queue_.set_limits({100, TokenRate::per_second(0.001, 1)});
  FakeHandshake& only = add(1);
  for (int i = 0; i < 3; ++i) {
    queue_.wait_for_turn(only);
    run_for(5);
    queue_.wait_for_client(only);
  }
  EXPECT_EQ(steps_, (std::vector<int>{1, 1, 1}));
}

TEST_F(Queue, CrowdsOutWhoKeptUsWaitingForLongest) {
  queue_.set_limits({2, {}});
  queue_.wait_for_client(add(1));
  queue_.wait_for_client(add(2));
  EXPECT_TRUE(queue_.make_room());
  EXPECT_EQ(steps_, (std::vector<int>{-1}));
  queue_.wait_for_turn(add(3));
  queue_.wait_for_turn(*all_[1]);
  EXPECT_FALSE(queue_.make_room()) << "those who wait for us are not to blame";
}

TEST_F(Queue, EndsThoseThatStandStill) {
  queue_.wait_for_client(add(1));
  queue_.wait_for_client(add(2));
  run_for(30);
  queue_.wait_for_client(add(3));
  EXPECT_EQ(queue_.crowd_out(HandshakeQueue::Stage::halfway, 10, Milliseconds(20)), 2U);
  EXPECT_EQ(steps_, (std::vector<int>{-1, -2}));
  EXPECT_EQ(queue_.size(), 1U);
}

TEST_F(Queue, AFloodTakesThePlacesOfItsOwnKind) {
  queue_.set_limits({5, {}});
  queue_.wait_for_client(add(1));
  queue_.wait_for_first(add(2));
  queue_.wait_for_client(add(3));
  for (int i = 4; i <= 5; ++i) queue_.wait_for_first(add(i));
  for (int i = 6; i <= 9; ++i) {
    EXPECT_TRUE(queue_.make_room());
    queue_.wait_for_first(add(i));
  }
  EXPECT_EQ(steps_, (std::vector<int>{-2, -4, -5, -6})) << "1 and 3 have begun";
  EXPECT_EQ(queue_.waiting(HandshakeQueue::Stage::halfway), 2U);
  for (int i = 7; i <= 8; ++i) queue_.wait_for_client(*all_[static_cast<std::size_t>(i) - 1]);
  EXPECT_TRUE(queue_.make_room());
  EXPECT_EQ(steps_.back(), -1) << "now most have begun";
}

TEST_F(Queue, ForgetsWhoIsDestroyed) {
  for (int i = 1; i <= 3; ++i) queue_.wait_for_turn(add(i));
  all_.erase(all_.begin() + 1);
  run_for(20);
  EXPECT_EQ(steps_, (std::vector<int>{1, 3}));
}

// ---- LineBudget

TEST(LineBudget, SaysHowManyLinesItKeptBack) {
  LineBudget budget;
  for (int i = 0; i < LineBudget::kLinesPerSecond; ++i) EXPECT_TRUE(budget.take(at(7000)));
  EXPECT_FALSE(budget.take(at(7000)));
  EXPECT_FALSE(budget.take(at(7000)));
  EXPECT_TRUE(budget.take(at(8000)));
  EXPECT_EQ(budget.suppressed(), 2U);
  EXPECT_EQ(budget.suppressed(), 0U);
}

}  // namespace
}  // namespace sallyport::server
