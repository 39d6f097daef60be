// Two gateways and a real Redis.

#include <unistd.h>

#include <csignal>
#include <memory>

#include "gateway/clients/redis_client.h"
#include "modules/rate/rate.h"
#include "tests/support/policy_harness.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_dir.h"

namespace sallyport::rate {
namespace {

using test::Call;
using test::PolicyHarness;
using testing::HasSubstr;

class Gateway {
 public:
  Gateway(const test::TempDir& dir, const std::string& limit) : harness_(module) {
    harness_.shared("limits: {a: {by: [address], " + limit +
                    "}}\nshared:\n  hash_key: file:" + dir.write("hash_key", "the same for all\n") +
                    "\n  interval: 20ms\n  redis: {servers: ['unix:" + dir.file("redis.sock") +
                    "'], command_timeout: 200ms}");
    EXPECT_TRUE(harness_.load("limits: [a]")) << harness_.errors();
  }
  bool passes(const char* address = "192.0.2.1") {
    Call call;
    call.from(address);
    harness_.loop().refresh_clock();
    call.exchange().started = harness_.loop().mono();
    return harness_.judge(call).index() == 0;
  }
  int passing(int calls) {
    int passed = 0;
    for (int i = 0; i < calls; ++i) passed += passes();
    return passed;
  }
  void turn() { harness_.loop().run_once(); }
  double metric(std::string_view name) {
    for (const auto& metric : harness_.metrics()) {
      if (metric.name == name) return metric.value;
    }
    return -1;
  }
  std::string not_ready() {
    std::string all;
    for (const auto& service : harness_.services()) all += service->not_ready().value_or("");
    return all;
  }
  std::string told() {
    std::string all;
    for (const auto& service : harness_.services()) {
      for (const auto& notice : service->notices()) all += notice.message;
    }
    return all;
  }
  bool is_up() { return metric("rate_shared_up") == 1; }

 private:
  PolicyHarness harness_;
};

class Sharing : public testing::Test {
 protected:
  void begin(const std::string& limit) {
    one_ = std::make_unique<Gateway>(dir_, limit);
    two_ = std::make_unique<Gateway>(dir_, limit);
  }
  // run turns both loops for so long, or until `is_done`.
  bool run(
      Milliseconds time, const std::function<bool()>& is_done = [] { return false; }) {
    const MonoTime end = mono_now() + time;
    while (mono_now() < end) {
      one_->turn();
      two_->turn();
      if (is_done()) return true;
      usleep(200);
    }
    return false;
  }
  bool both_up() {
    return run(Seconds(5), [this] { return one_->is_up() && two_->is_up(); });
  }

  test::TempDir dir_;
  std::unique_ptr<test::RedisServer> redis_ = std::make_unique<test::RedisServer>(dir_.path());
  std::unique_ptr<Gateway> one_;
  std::unique_ptr<Gateway> two_;
};

TEST_F(Sharing, CountsWhatTheOtherLetPass) {
  begin("requests: 10, per: 1h");
  ASSERT_TRUE(both_up());
  EXPECT_EQ(one_->passing(6), 6);
  run(Milliseconds(100));
  EXPECT_TRUE(two_->passes());  // the first here: now it follows the key
  run(Milliseconds(100));
  EXPECT_EQ(two_->passing(10), 3);
  run(Milliseconds(100));
  EXPECT_EQ(one_->passing(10), 0);
}

TEST_F(Sharing, HoldsTheRateInTheLongRun) {
  begin("requests: 100, per: 1s, burst: 10");
  ASSERT_TRUE(both_up());
  int passed = 0;
  const MonoTime start = mono_now();
  run(Milliseconds(1500), [&] {
    passed += one_->passes() + two_->passes();
    return false;
  });
  const double seconds = static_cast<double>(mono_now().us - start.us) / 1e6;
  // The bound of the README: one more gateway, its bucket full at first, and an interval of 20 ms
  // that a busy machine may stretch.
  EXPECT_LE(passed, 10 + 100 * seconds + 10 + 100 * 0.1);
  EXPECT_GE(passed, 100 * seconds * 0.7);
}

TEST_F(Sharing, GoesOnAloneWithoutTheRedis) {
  begin("requests: 10, per: 1h");
  ASSERT_TRUE(both_up());
  redis_->kill();
  ASSERT_TRUE(run(Seconds(5), [this] { return !one_->is_up() && !two_->is_up(); }));
  EXPECT_EQ(one_->passing(20), 10);
  EXPECT_EQ(two_->passing(20), 10);
  redis_->start();
  ASSERT_TRUE(both_up());
  run(Milliseconds(100));
  EXPECT_EQ(one_->passing(20), 0);
}

TEST_F(Sharing, NeverWaitsForARedisThatHangs) {
  begin("requests: 1000000, per: 1h");
  ASSERT_TRUE(both_up());
  redis_->signal(SIGSTOP);
  EXPECT_TRUE(run(Seconds(5), [this] {
    EXPECT_TRUE(one_->passes());
    return !one_->is_up();
  }));
  EXPECT_GE(one_->metric("rate_shared_failures_total"), 1);
  redis_->signal(SIGCONT);
  EXPECT_TRUE(both_up());
}

TEST_F(Sharing, ShowsTheRedisNoAddress) {
  begin("requests: 10, per: 1h");
  ASSERT_TRUE(both_up());
  EXPECT_TRUE(one_->passes("198.51.100.77"));
  run(Milliseconds(100));
  event::Loop loop;
  clients::RedisEndpoint endpoint;
  endpoint.servers = {*clients::RedisServer::parse(redis_->server())};
  clients::RedisClient client(loop, endpoint, {});
  std::string keys;
  bool is_asked = false;
  const MonoTime end = mono_now() + Seconds(5);
  while (keys.empty() && mono_now() < end) {
    loop.run_once();
    if (is_asked || !client.is_up()) continue;
    is_asked = client.command({"KEYS", "*"}, [&](Result<clients::RedisValue> reply) {
      for (const auto& item : reply->items) keys += item.text + "\n";
    });
  }
  EXPECT_THAT(keys, HasSubstr("sallyport:rate:"));
  EXPECT_THAT(keys, testing::Not(HasSubstr("198.51")));
}

TEST_F(Sharing, IsNotReadyWithANodeOfACluster) {
  redis_.reset();
  const test::RedisServer node(dir_.path(), test::RedisServer::cluster_node());
  begin("requests: 5");
  EXPECT_TRUE(run(Seconds(5), [this] { return !one_->not_ready().empty(); }));
  EXPECT_THAT(one_->not_ready(), HasSubstr("modules.rate.shared.redis"));
  EXPECT_THAT(one_->not_ready(), HasSubstr("cluster_enabled:1"));
  std::string told;
  EXPECT_TRUE(run(Seconds(5), [&] { return !(told += one_->told()).empty(); }));
  EXPECT_THAT(told, HasSubstr("cluster_enabled:1"));
}

TEST(SharingOptions, NeedAnEndpointThatMakesSense) {
  test::TempDir dir;
  PolicyHarness harness(module);
  harness.shared("limits: {a: {by: [address], requests: 1}}\nshared:\n  hash_key: file:" +
                 dir.write("hash_key", "x") + "\n  redis: {servers: ['192.0.2.1:6379']}");
  EXPECT_FALSE(harness.load("limits: [a]"));
  EXPECT_THAT(harness.errors(), HasSubstr("set `tls`"));
}

}  // namespace
}  // namespace sallyport::rate
