#include "gateway/proxy/upstream_pool.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

#include "gateway/policy/reasons.h"
#include "gateway/proxy/upstream_fixture.h"

namespace sallyport::proxy {
namespace {

namespace reasons = policy::reasons;

// One worker, which is the test.
class HereAndNow final : public event::Broadcast {
 public:
  void to_all(std::function<void(unsigned)> work, std::function<void()> done) override {
    work(0);
    done();
  }
};

class Waiter final : public PoolWaiter {
 public:
  Waiter(UpstreamPool& pool, std::vector<std::string>& notes, std::string name)
      : pool_(pool), notes_(notes), name_(std::move(name)) {}
  ~Waiter() override {
    pool_.leave(*this);
    end();
  }

  const policy::Reason* ask() {
    auto taken = pool_.take(*this, {});
    lease = std::move(taken.lease);
    return taken.refusal;
  }
  void end() {
    if (lease) pool_.give_back(std::move(lease));
  }
  void on_turn() override {
    notes_.push_back(name_);
    auto taken = pool_.take(*this, {.has_waited = true});
    refusal = taken.refusal;
    lease = std::move(taken.lease);
  }
  void on_waited() override { notes_.push_back(name_ + " waited"); }

  Lease lease;
  const policy::Reason* refusal = nullptr;

 private:
  UpstreamPool& pool_;
  std::vector<std::string>& notes_;
  const std::string name_;
};

class Pool : public ::testing::Test {
 protected:
  Pool() {
    upstream_.feed = std::make_shared<ServerFeed>();
    upstream_.max_connections = 1;
    upstream_.max_pending = 2;
    upstream_.queue_timeout = Milliseconds(40);
  }
  void publish(std::vector<std::string> names) {
    auto set = std::make_shared<ServerSet>();
    for (const std::string& name : names) {
      auto server = std::make_shared<Server>();
      server->text = name;
      set->servers.push_back(std::move(server));
    }
    publish(std::move(set));
  }
  void publish(std::shared_ptr<const ServerSet> set) {
    set_ = set;
    upstream_.feed->publish(broadcast_, std::move(set));
  }
  UpstreamPool& pool() {
    if (!pool_) pool_.emplace(loop_, upstream_, 0, scratch_, bank_);
    return *pool_;
  }
  void run_for(Milliseconds time) {
    const MonoTime until = mono_now() + time;
    while (mono_now() < until) {
      loop_.run_once();
      std::this_thread::sleep_for(Milliseconds(1));
    }
  }

  event::Loop loop_;
  HereAndNow broadcast_;
  Upstream upstream_ = roomy_upstream();
  metrics::Bank bank_;
  std::array<char, 64> scratch_{};
  std::shared_ptr<const ServerSet> set_;
  std::optional<UpstreamPool> pool_;
  std::vector<std::string> notes_;
};

TEST_F(Pool, LetsRequestsWaitInTheirOrder) {
  publish({"a"});
  Waiter one(pool(), notes_, "one"), two(pool(), notes_, "two"), three(pool(), notes_, "three");
  EXPECT_EQ(one.ask(), nullptr);
  EXPECT_TRUE(one.lease);
  EXPECT_EQ(two.ask(), nullptr);
  EXPECT_FALSE(two.lease) << "it waits";
  EXPECT_EQ(three.ask(), nullptr);
  one.end();
  EXPECT_FALSE(two.lease) << "never on the stack of who makes room";
  loop_.run_once();
  EXPECT_TRUE(two.lease);
  EXPECT_FALSE(three.lease);
  two.end();
  loop_.run_once();
  EXPECT_TRUE(three.lease);
  EXPECT_EQ(notes_, (std::vector<std::string>{"two", "three"}));
}

TEST_F(Pool, BoundsTheQueue) {
  publish({"a"});
  Waiter one(pool(), notes_, "1"), two(pool(), notes_, "2"), three(pool(), notes_, "3"),
      four(pool(), notes_, "4");
  one.ask();
  two.ask();
  three.ask();
  EXPECT_EQ(four.ask(), &reasons::kUpstreamBusy);
  EXPECT_EQ(pool().waiting(), 2U);
}

TEST_F(Pool, BoundsTheWait) {
  publish({"a"});
  Waiter one(pool(), notes_, "one"), two(pool(), notes_, "two");
  one.ask();
  two.ask();
  run_for(Milliseconds(10));
  EXPECT_TRUE(notes_.empty());
  run_for(Milliseconds(60));
  EXPECT_EQ(notes_, (std::vector<std::string>{"two waited"}));
  EXPECT_EQ(pool().waiting(), 0U);
}

TEST_F(Pool, ForgetsWhoLeavesTheQueue) {
  publish({"a"});
  Waiter one(pool(), notes_, "one"), three(pool(), notes_, "three");
  one.ask();
  {
    Waiter two(pool(), notes_, "two");
    two.ask();
    three.ask();
  }
  one.end();
  loop_.run_once();
  EXPECT_TRUE(three.lease);
  EXPECT_EQ(notes_, (std::vector<std::string>{"three"}));
}

TEST_F(Pool, HoldsANewcomerBehindThoseWhoWait) {
  publish({"a"});
  Waiter one(pool(), notes_, "one"), two(pool(), notes_, "two"), late(pool(), notes_, "late");
  one.ask();
  two.ask();
  one.end();
  late.ask();
  EXPECT_FALSE(late.lease) << "there is room, for somebody else";
  loop_.run_once();
  EXPECT_TRUE(two.lease);
  EXPECT_FALSE(late.lease);
}

TEST_F(Pool, WaitsForTheFirstServers) {
  Waiter one(pool(), notes_, "one");
  EXPECT_EQ(one.ask(), nullptr);
  EXPECT_FALSE(one.lease);
  publish({"a"});
  loop_.run_once();
  EXPECT_TRUE(one.lease);
}

TEST_F(Pool, SaysAtOnceThatThereAreNoServers) {
  Waiter one(pool(), notes_, "one"), two(pool(), notes_, "two");
  one.ask();
  publish(std::vector<std::string>{});
  loop_.run_once();
  EXPECT_EQ(one.refusal, &reasons::kUpstreamUnresolved) << "who waited hears it, too";
  EXPECT_EQ(two.ask(), &reasons::kUpstreamUnresolved);
}

TEST_F(Pool, SaysAtOnceThatAllServersAreDown) {
  publish({"a"});
  set_->servers[0]->condition.healthy = false;
  Waiter one(pool(), notes_, "one");
  EXPECT_EQ(one.ask(), &reasons::kUpstreamDown);
}

TEST_F(Pool, LetsAnExchangeEndOnAServerThatHasGone) {
  upstream_.max_connections = 10;
  publish({"a"});
  Waiter one(pool(), notes_, "one"), two(pool(), notes_, "two");
  one.ask();
  publish({"b"});
  EXPECT_EQ(one.lease.home->server().text, "a");
  two.ask();
  EXPECT_EQ(two.lease.home->server().text, "b");
  one.end();
  EXPECT_EQ(pool().in_use(), 1U);
}

TEST_F(Pool, KeepsTheLoadOfAServerThatStays) {
  upstream_.max_connections = 10;
  publish({"a"});
  Waiter one(pool(), notes_, "one"), two(pool(), notes_, "two");
  one.ask();
  auto next = std::make_shared<ServerSet>();
  auto fresh = std::make_shared<Server>();
  fresh->text = "b";
  next->servers = {set_->servers[0], fresh};
  publish(std::move(next));
  two.ask();
  EXPECT_EQ(two.lease.home->server().text, "b") << "a has one under way";
}

TEST_F(Pool, CountsIntoTheMetrics) {
  metrics::Registry registry;
  upstream_.slots = UpstreamSlots::make(registry, "fdx");
  publish({"a"});
  Waiter one(pool(), notes_, "one"), two(pool(), notes_, "two");
  one.ask();
  two.ask();
  const metrics::Bank* banks[] = {&bank_};
  const std::string text = registry.render(banks);
  EXPECT_NE(text.find("sallyport_upstream_connects_total{upstream=\"fdx\"} 1"), std::string::npos);
  EXPECT_NE(text.find("sallyport_upstream_requests_waiting{upstream=\"fdx\"} 1"),
            std::string::npos);
  EXPECT_NE(text.find("sallyport_upstream_connections{upstream=\"fdx\",state=\"busy\"} 1"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace sallyport::proxy
