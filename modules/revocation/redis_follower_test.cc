// Against real servers. What the whole gateway makes of it is in
// tests/e2e/test_revocation_redis.py.

#include "modules/revocation/redis_follower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "modules/revocation/issuer.h"
#include "modules/revocation/redis_options.h"
#include "modules/revocation/revocation_orders.h"
#include "tests/support/policy_harness.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_dir.h"

namespace sallyport::revocation {
namespace {

using clients::RedisValue;
using testing::HasSubstr;

class Follower : public testing::Test {
 protected:
  Follower() {
    clients::RedisEndpoint endpoint;
    endpoint.servers = {*clients::RedisServer::parse(server.server())};
    endpoint.command_timeout = Milliseconds(200);
    following.emplace(RedisFollowing{
        endpoint,
        RedisKeys("sallyport:revoked:", {{*RedisPattern::parse("deny:{subject}"), true}}),
        Milliseconds(20),
        1000,
        {Milliseconds(10), Milliseconds(50)}});
    clients::RedisClient::Hooks hooks;
    writer.emplace(loop, endpoint, hooks, clients::RedisRetry{Milliseconds(10), Milliseconds(50)});
  }
  void start() {
    keeper = std::make_shared<RevocationKeeper>(
        [this] { return open_lmdb(dir.path() + "/store", 16 * 1024 * 1024); },
        RevocationKeeper::kTick, true,
        Clock{[this] {
                ClockReading now = read_clocks();
                now.wall.unix_ms += wall_moved.count();
                return now;
              },
              Seconds(600)});
    keeper->start(loop, broadcast);
    follower = std::make_shared<RedisFollower>(keeper, *following);
    follower->start(loop, broadcast);
  }
  void start_synced() {
    start();
    ASSERT_TRUE(until([this] { return metric("revocation_synced") == 1; }));
  }
  void stop() {
    follower.reset();
    keeper.reset();
  }
  bool until(const std::function<bool()>& holds) {
    const MonoTime end = mono_now() + Milliseconds(8000);
    while (!holds() && mono_now() < end) loop.run_once();
    return holds();
  }
  void pass(Milliseconds time) {
    const MonoTime end = mono_now() + time;
    until([&] { return mono_now() >= end; });
  }
  double metric(std::string_view name, std::string_view label = {}) {
    std::vector<policy::Metric> all;
    follower->metrics(all);
    for (const auto& one : all) {
      if (one.name == name && one.label_value == label) return one.value;
    }
    return -1;
  }
  RedisValue ask(const clients::RedisWords& words) {
    std::optional<RedisValue> answer;
    EXPECT_TRUE(until([this] { return writer->is_up(); }));
    EXPECT_TRUE(writer->command(
        words, [&](Result<RedisValue> value) { answer = value ? *value : RedisValue{}; }));
    EXPECT_TRUE(until([&] { return answer.has_value(); }));
    return *answer;
  }
  bool is_revoked(Unit unit, std::string_view value, std::int64_t issued_at = 1) {
    return keeper->set()->find(unit, issuer_id("i"), value, issued_at, keeper->now()).has_value();
  }
  std::string said() {
    for (const auto& notice : follower->notices()) log += notice.message + "\n";
    return log;
  }

  Milliseconds wall_moved{0};
  test::TempDir dir;
  test::RedisServer server{dir.path()};
  event::Loop loop;
  test::TestBroadcast broadcast;
  std::optional<RedisFollowing> following;
  std::optional<clients::RedisClient> writer;
  std::shared_ptr<RevocationKeeper> keeper;
  std::shared_ptr<RedisFollower> follower;
  std::string log;
};

TEST_F(Follower, ReadsWhatIsThereAndWhatComes) {
  for (int i = 0; i < 3000; ++i) {
    const std::string key = "sallyport:revoked:jti:any:" + std::to_string(i % 900);
    ask({"SET", key, ""});
  }
  start();
  EXPECT_TRUE(keeper->not_ready().has_value());
  ASSERT_TRUE(until([this] { return metric("revocation_synced") == 1; }));
  EXPECT_FALSE(keeper->not_ready().has_value());
  EXPECT_EQ(keeper->set()->size(), 900u);
  ask({"SET", "sallyport:revoked:jti:any:new", ""});
  EXPECT_TRUE(until([this] { return is_revoked(Unit::token, "new"); }));
}

TEST_F(Follower, IsFreshAsLongAsTheServerAnswers) {
  start_synced();
  const auto age = [this] { return *follower->freshness()->age(mono_now()); };
  pass(Milliseconds(300));
  EXPECT_TRUE(until([&] { return age() < Milliseconds(200); }));
  server.signal(SIGSTOP);
  pass(Milliseconds(600));
  EXPECT_GT(age(), Milliseconds(500));
  EXPECT_EQ(metric("revocation_synced"), 0);
  EXPECT_FALSE(follower->problems().empty());
  EXPECT_THAT(said(), HasSubstr("not followed any more"));
  server.signal(SIGCONT);
  EXPECT_TRUE(until([&] { return age() < Milliseconds(100); }));
  EXPECT_TRUE(follower->problems().empty());
}

TEST_F(Follower, OnlyWidensAndTellsTheServer) {
  start_synced();
  ask({"SET", "sallyport:revoked:subject:any:u", "1800000000", "EX", "1000"});
  ASSERT_TRUE(until([this] { return is_revoked(Unit::subject, "u", 1'800'000'000); }));
  ask({"SET", "sallyport:revoked:subject:any:u", "1700000000", "EX", "100"});
  EXPECT_TRUE(until([this] {
    return ask({"GET", "sallyport:revoked:subject:any:u"}).text.find("1800000000") !=
           std::string::npos;
  }));
  EXPECT_GT(ask({"TTL", "sallyport:revoked:subject:any:u"}).integer, 900);
  EXPECT_TRUE(is_revoked(Unit::subject, "u", 1'800'000'000));
  pass(Milliseconds(200));
  EXPECT_EQ(metric("revocation_redis_restored_total"), 1);
}

TEST_F(Follower, TakesAnotherProgramsKeyAsItIsSetLast) {
  start_synced();
  ask({"SET", "deny:u", "1800000000", "EX", "1000"});
  ASSERT_TRUE(until([this] { return is_revoked(Unit::subject, "u", 1'800'000'000); }));
  ask({"SET", "deny:u", "1700000000", "EX", "100"});
  EXPECT_TRUE(until([this] { return !is_revoked(Unit::subject, "u", 1'800'000'000); }));
  EXPECT_TRUE(is_revoked(Unit::subject, "u", 1'700'000'000));
  ask({"FLUSHALL"});
  pass(Milliseconds(300));
  EXPECT_TRUE(is_revoked(Unit::subject, "u", 1'700'000'000));
  EXPECT_EQ(ask({"DBSIZE"}).integer, 0);  // its keys are not ours to write
}

// A key that was deleted is told before the flush, but looked for after it: gone either way.
TEST_F(Follower, DoesNotTakeAFlushForDeletions) {
  start_synced();
  for (int i = 0; i < 50; ++i) {
    const std::string key = "sallyport:revoked:jti:any:" + std::to_string(i);
    ask({"SET", key, "", "EX", "1000"});
  }
  ASSERT_TRUE(until([this] { return keeper->set()->size() == 50; }));
  ask({"EVAL",
       "for i = 0, 49 do redis.call('SET', 'sallyport:revoked:jti:any:' .. i, '1', 'EX', 999) end "
       "redis.call('FLUSHALL')",
       "0"});
  EXPECT_TRUE(until([this] { return ask({"DBSIZE"}).integer == 50; }));
  EXPECT_EQ(keeper->set()->size(), 50u);
  EXPECT_EQ(metric("revocation_redis_reinstated_total"), 0);
  EXPECT_EQ(metric("revocation_redis_losses_total", "flush"), 1);
}

TEST_F(Follower, IsNotInStepWithMoreThanItMayKeep) {
  following->max_entries = 10;
  for (int i = 0; i < 12; ++i) {
    const std::string key = "sallyport:revoked:jti:any:" + std::to_string(i);
    ask({"SET", key, ""});
  }
  start();
  ASSERT_TRUE(until([this] { return metric("revocation_syncs_total") == 1; }));
  EXPECT_EQ(metric("revocation_synced"), 0);
  EXPECT_FALSE(follower->freshness()->age(mono_now()).has_value());
  EXPECT_THAT(follower->problems(), testing::Contains(HasSubstr("max_entries")));
}

TEST_F(Follower, BeginsAgainWhenTheServerCannotTellIt) {
  start_synced();
  const RedisValue clients = ask({"CLIENT", "LIST", "TYPE", "pubsub"});
  ask({"CLIENT", "KILL", "TYPE", "pubsub"});
  EXPECT_TRUE(until([this] { return metric("revocation_synced") == 0; }));
  EXPECT_TRUE(until([this] { return metric("revocation_synced") == 1; }));
  ask({"SET", "sallyport:revoked:jti:any:after", ""});
  EXPECT_TRUE(until([this] { return is_revoked(Unit::token, "after"); }));
}

TEST_F(Follower, SaysWhyItCannotFollow) {
  ask({"ACL", "SETUSER", "default", "-client|tracking"});
  start();
  EXPECT_TRUE(until([this] { return said().find("CLIENT TRACKING is refused") != log.npos; }));
  EXPECT_TRUE(keeper->not_ready().has_value());
  ask({"ACL", "SETUSER", "default", "+client|tracking"});
  EXPECT_TRUE(until([this] { return metric("revocation_synced") == 1; }));
}

TEST_F(Follower, NamesTheKeysThatItDoesNotUnderstand) {
  start_synced();
  ask({"SET", "sallyport:revoked:tokn:any:x\n", "1"});
  ask({"SET", "sallyport:revoked:jti:any:y", "nonsense"});
  EXPECT_TRUE(until([this] { return said().find("sallyport:revoked:jti:any:y") != log.npos; }));
  EXPECT_THAT(said(),
              HasSubstr(R"(the key "sallyport:revoked:tokn:any:x\x0a" names no revocation)"));
  EXPECT_THAT(said(),
              HasSubstr(R"(the value of the key "sallyport:revoked:jti:any:y" is not understood)"));
}

// A node has a part of the keys, and tells of no other's.
TEST_F(Follower, IsNotReadyWithANodeOfACluster) {
  server.kill();
  const test::RedisServer node(dir.path(), test::RedisServer::cluster_node());
  start();
  EXPECT_FALSE(follower->not_ready()) << "nothing is known yet";
  EXPECT_TRUE(until([this] {
    return follower->not_ready().value_or("").find("cluster_enabled:1") != std::string::npos;
  }));
  EXPECT_THAT(*follower->not_ready(), HasSubstr("modules.revocation.redis"));
  EXPECT_TRUE(until([this] { return said().find("cluster_enabled:1") != log.npos; }));
  EXPECT_EQ(metric("revocation_synced"), 0);
  std::string error;
  const auto look =
      follower->examine(loop, [&](const std::string& told, const std::string&) { error = told; });
  EXPECT_TRUE(until([&] { return !error.empty(); }));
  EXPECT_THAT(error, HasSubstr("modules.revocation.redis: "));
}

TEST_F(Follower, ForgetsWhatHasEndedInTheRedisAndHere) {
  start_synced();
  ask({"SET", "sallyport:revoked:jti:any:short", "", "PX", "1200"});
  EXPECT_TRUE(until([this] { return is_revoked(Unit::token, "short"); }));
  EXPECT_TRUE(until([this] { return !is_revoked(Unit::token, "short"); }));
  EXPECT_FALSE(keeper->clock().is_settled()) << "two clocks said so";
  EXPECT_EQ(metric("revocation_redis_reinstated_total"), 0);
}

// Where both are on one machine, its clock makes the Redis expire its keys, too.
TEST_F(Follower, ForgetsNothingThatAJumpingClockEnds) {
  start_synced();
  ask({"SET", "sallyport:revoked:jti:any:a", "", "PX", "1500"});
  EXPECT_TRUE(until([this] { return is_revoked(Unit::token, "a"); }));
  wall_moved = Milliseconds(3000);
  EXPECT_TRUE(until([this] {
    return ask({"EXISTS", "sallyport:revoked:jti:any:a"}).integer == 0;
  }));
  pass(Milliseconds(300));
  EXPECT_TRUE(is_revoked(Unit::token, "a"));
}

// A copy that ends too early in the Redis would look like a deletion to every other gateway.
TEST_F(Follower, GivesNoShorterLifeToACopyWhileItsClockIsAhead) {
  start_synced();
  ask({"SET", "sallyport:revoked:jti:any:a", R"({"made":)" + std::to_string(keeper->now()) + "}",
       "EX", "1000"});
  EXPECT_TRUE(until([this] { return is_revoked(Unit::token, "a"); }));
  wall_moved = Milliseconds(900'000);
  keeper->look_at_clock();
  ask({"FLUSHALL"});
  EXPECT_TRUE(until([this] { return metric("revocation_redis_restored_total") == 1; }));
  EXPECT_GT(ask({"TTL", "sallyport:revoked:jti:any:a"}).integer, 990);
}

// It said success, and the key that somebody had written by hand was read again at the next
// comparison.
TEST_F(Follower, ReinstatesWhatWasRevokedByHand) {
  start_synced();
  ask({"SET", "sallyport:revoked:jti:*:a", "1"});
  EXPECT_TRUE(until([this] { return is_revoked(Unit::token, "a"); }));
  RevocationOrders orders(keeper, Terms{}, follower);
  std::string answer;
  orders.command("reinstate", R"({"unit":"jti","value":"a"})",
                 [&](int status, const std::string&) { answer = std::to_string(status); });
  EXPECT_TRUE(until([&] { return !answer.empty(); }));
  EXPECT_EQ(answer, "200");
  EXPECT_EQ(ask({"EXISTS", "sallyport:revoked:jti:*:a"}).integer, 0);
}

// Two keys say the same: deleting one takes nothing back.
TEST_F(Follower, LiftsNothingThatAnotherSpellingStillRevokes) {
  start_synced();
  ask({"SET", "sallyport:revoked:jti:any:a", "1"});
  ask({"SET", "sallyport:revoked:jti:*:a", "1"});
  EXPECT_TRUE(until([this] { return is_revoked(Unit::token, "a"); }));
  pass(Milliseconds(100));
  ask({"DEL", "sallyport:revoked:jti:any:a"});
  pass(Milliseconds(300));
  EXPECT_TRUE(is_revoked(Unit::token, "a"));
}

// A clock that was ahead wrote it: it would lift what was revoked after it.
TEST_F(Follower, BelievesNoNoteOfTheFuture) {
  start_synced();
  ask({"SET", "sallyport:revoked:jti:any:a", "", "EX", "1000"});
  EXPECT_TRUE(until([this] { return is_revoked(Unit::token, "a"); }));
  pass(Milliseconds(300));  // until it is on disk
  stop();
  ask({"DEL", "sallyport:revoked:jti:any:a"});
  ask({"SET", "sallyport:revoked:reinstated:jti:any:a",
       std::to_string(wall_now().unix_seconds() + 3600)});
  start();
  EXPECT_TRUE(until([this] { return metric("revocation_redis_restored_total") == 1; }));
  EXPECT_TRUE(is_revoked(Unit::token, "a"));
}

TEST_F(Follower, SaysWhatIsTrueWhenItCannotReinstate) {
  start_synced();
  RevocationOrders orders(keeper, Terms{}, follower);
  const auto order = [&](std::string_view verb, std::string_view json) {
    std::string answer;
    orders.command(verb, json, [&](int status, std::string text) {
      answer = std::to_string(status) + " " + text;
    });
    EXPECT_TRUE(until([&] { return !answer.empty(); }));
    return answer;
  };
  order("revoke", R"({"unit":"jti","value":"there"})");
  server.kill();
  order("revoke", R"({"unit":"jti","value":"pending"})");
  for (int again = 0; again < 2; ++again) {
    EXPECT_THAT(order("reinstate", R"({"unit":"jti","value":"pending"})"),
                HasSubstr("is still to be written to the Redis"));
    EXPECT_THAT(order("reinstate", R"({"unit":"jti","value":"there"})"),
                HasSubstr("the Redis has it, as far as is known"));
  }
  server.start();
  EXPECT_TRUE(until([this] { return metric("revocation_synced") == 1; }));
  server.signal(SIGSTOP);
  EXPECT_THAT(order("reinstate", R"({"unit":"jti","value":"there"})"),
              HasSubstr("has not confirmed it"));
  server.signal(SIGCONT);
}

TEST_F(Follower, KeepsOnDiskWhatItLearnt) {
  start_synced();
  ask({"SET", "sallyport:revoked:kid:any:k", "", "EX", "1000"});
  ASSERT_TRUE(until([this] { return is_revoked(Unit::key, "k"); }));
  stop();
  server.kill();
  start();
  EXPECT_TRUE(keeper->set()->is_ready());
  EXPECT_TRUE(is_revoked(Unit::key, "k"));
  EXPECT_FALSE(follower->freshness()->age(mono_now()).has_value());
}

TEST_F(Follower, WritesOrdersAndTakesThemBack) {
  start_synced();
  RevocationOrders orders(keeper, Terms{}, follower);
  const auto order = [&](std::string_view verb, std::string_view json) {
    std::string answer;
    orders.command(verb, json, [&](int status, std::string text) {
      answer = std::to_string(status) + " " + text;
    });
    EXPECT_TRUE(until([&] { return !answer.empty(); }));
    return answer;
  };
  EXPECT_THAT(order("revoke", R"({"unit":"jti","value":"a","who":"ops"})"),
              HasSubstr("\"redis\":\"written\""));
  EXPECT_THAT(ask({"GET", "sallyport:revoked:jti:any:a"}).text, HasSubstr("\"who\":\"ops\""));
  EXPECT_THAT(order("revoked", ""), HasSubstr("\"redis\":{\"synced\":true"));
  EXPECT_THAT(order("reinstate", R"({"unit":"jti","value":"a"})"), HasSubstr("200 "));
  EXPECT_EQ(ask({"EXISTS", "sallyport:revoked:jti:any:a"}).integer, 0);
  EXPECT_EQ(ask({"EXISTS", "sallyport:revoked:reinstated:jti:any:a"}).integer, 1);
  EXPECT_FALSE(is_revoked(Unit::token, "a"));
  server.kill();
  EXPECT_THAT(order("revoke", R"({"unit":"jti","value":"b"})"), HasSubstr("\"redis\":\"pending\""));
  EXPECT_THAT(order("reinstate", R"({"unit":"jti","value":"b"})"), HasSubstr("503 "));
  EXPECT_TRUE(is_revoked(Unit::token, "b"));
  server.start();
  EXPECT_TRUE(until([&] { return metric("revocation_redis_restored_total") == 1; }));
  EXPECT_EQ(ask({"EXISTS", "sallyport:revoked:jti:any:b"}).integer, 1);
}

}  // namespace
}  // namespace sallyport::revocation
