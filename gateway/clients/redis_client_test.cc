// Against real servers: what they do when they crash, hang, or want to know who we are.

#include "gateway/clients/redis_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "gateway/clients/fetch_test_server.h"
#include "gateway/clients/redis_probe.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_ca.h"

namespace sallyport::clients {
namespace {

using test::RedisServer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class Redis : public testing::Test {
 protected:
  RedisClient& connect(RedisEndpoint endpoint) {
    RedisClient::Hooks hooks;
    hooks.on_up = [this] { events_.push_back("up"); };
    hooks.on_down = [this](const std::string&) { events_.push_back("down"); };
    hooks.on_message = [this](RedisValue message) {
      messages_.push_back(message.items[1].text + "=" + message.items[2].text);
    };
    client_ = std::make_unique<RedisClient>(loop_, std::move(endpoint), std::move(hooks),
                                            RedisRetry{Milliseconds(10), Milliseconds(50)});
    return *client_;
  }
  static RedisEndpoint endpoint_of(const std::string& server) {
    RedisEndpoint endpoint;
    endpoint.servers = {*server_of(server)};
    endpoint.command_timeout = Milliseconds(200);
    return endpoint;
  }
  static Result<clients::RedisServer> server_of(const std::string& text) {
    return clients::RedisServer::parse(text);
  }

  bool until(const std::function<bool()>& is_done) { return run_until(loop_, is_done); }
  bool comes_up() {
    return until([this] { return client_->is_up(); });
  }
  bool fails_with(const std::string& why) {
    return until([&] { return client_->last_error().find(why) != std::string::npos; });
  }
  // ask sends one command and returns the reply as text.
  std::string ask(const RedisWords& words) {
    std::string answer;
    const auto keep = [&](Result<RedisValue> reply) {
      if (!reply) {
        answer = "failed: " + reply.error().text;
      } else {
        answer =
            reply->kind == RedisValue::Kind::integer ? std::to_string(reply->integer) : reply->text;
      }
      if (answer.empty()) answer = "(empty)";
    };
    if (!client_->command(words, keep)) return "not sent";
    EXPECT_TRUE(until([&] { return !answer.empty(); }));
    return answer;
  }

  test::TempDir dir_;
  event::Loop loop_;
  std::unique_ptr<RedisClient> client_;
  std::vector<std::string> events_;
  std::vector<std::string> messages_;
};

TEST_F(Redis, SendsCommandsInAPipeline) {
  RedisServer server(dir_.path());
  connect(endpoint_of(server.server()));
  ASSERT_TRUE(comes_up());
  std::vector<std::int64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(client_->command({"INCR", "n"}, [&](Result<RedisValue> reply) {
      seen.push_back(reply ? reply->integer : -1);
    }));
  }
  ASSERT_TRUE(until([&] { return seen.size() == 1000; }));
  for (std::size_t i = 0; i < seen.size(); ++i) {
    ASSERT_EQ(seen[i], static_cast<std::int64_t>(i) + 1);
  }
  EXPECT_EQ(ask({"CLIENT", "GETNAME"}), "sallyport");
  EXPECT_THAT(events_, ElementsAre("up"));
}

TEST_F(Redis, NeverCallsBackInsideACall) {
  RedisServer server(dir_.path());
  connect(endpoint_of(server.server()));
  EXPECT_FALSE(client_->is_up());
  EXPECT_FALSE(client_->command({"PING"}, [](Result<RedisValue>) { FAIL(); }));
  ASSERT_TRUE(comes_up());
  bool called = false;
  ASSERT_TRUE(client_->command({"PING"}, [&](Result<RedisValue>) { called = true; }));
  EXPECT_FALSE(called);
  ASSERT_TRUE(until([&] { return called; }));
}

TEST_F(Redis, ChoosesTheDatabase) {
  RedisServer server(dir_.path());
  RedisEndpoint endpoint = endpoint_of(server.server());
  endpoint.login.database = 3;
  connect(endpoint);
  ASSERT_TRUE(comes_up());
  EXPECT_THAT(ask({"CLIENT", "INFO"}), HasSubstr(" db=3 "));
}

TEST_F(Redis, LogsInWithPasswordOrUser) {
  RedisServer server(dir_.path(), {.options = {"--requirepass", "secret"}});
  RedisEndpoint endpoint = endpoint_of(server.server());
  endpoint.login.password = "secret";
  connect(endpoint);
  ASSERT_TRUE(comes_up());
  EXPECT_EQ(ask({"ACL", "WHOAMI"}), "default");
  EXPECT_EQ(ask({"ACL", "SETUSER", "gw", "on", ">other", "~*", "&*", "+@all"}), "OK");
  endpoint.login = {"gw", "other", 0};
  connect(endpoint);
  ASSERT_TRUE(comes_up());
  EXPECT_EQ(ask({"ACL", "WHOAMI"}), "gw");
}

TEST_F(Redis, StaysDownWithAWrongPasswordOrNone) {
  RedisServer server(dir_.path(), {.options = {"--requirepass", "secret"}});
  RedisEndpoint endpoint = endpoint_of(server.server());
  connect(endpoint);
  EXPECT_TRUE(fails_with("it wants a password"));
  endpoint.login.password = "hunter2";
  connect(endpoint);
  EXPECT_TRUE(fails_with("AUTH failed: WRONGPASS"));
  EXPECT_EQ(client_->last_error().find("hunter2"), std::string::npos);
  EXPECT_THAT(events_, testing::IsEmpty());
}

TEST_F(Redis, TellsWhoWaitsThatTheServerCrashed) {
  RedisServer server(dir_.path());
  connect(endpoint_of(server.server()));
  ASSERT_TRUE(comes_up());
  std::vector<std::string> told;
  server.signal(SIGSTOP);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client_->command({"INCR", "n"}, [&](Result<RedisValue> reply) {
      told.push_back(reply ? "answered" : reply.error().text);
    }));
  }
  loop_.run_once();
  server.kill();
  ASSERT_TRUE(until([&] { return events_.size() == 2; }));
  EXPECT_THAT(events_, ElementsAre("up", "down"));
  EXPECT_THAT(told, testing::SizeIs(3));
  EXPECT_THAT(told, testing::Each(StartsWith(server.server() + ": ")));
  EXPECT_FALSE(client_->is_up());
}

TEST_F(Redis, ConnectsAgainWhenTheServerIsBack) {
  RedisServer server(dir_.path());
  connect(endpoint_of(server.server()));
  ASSERT_TRUE(comes_up());
  server.kill();
  ASSERT_TRUE(until([&] { return !client_->is_up() && client_->failures() > 3; }));
  server.start();
  ASSERT_TRUE(comes_up());
  EXPECT_THAT(events_, ElementsAre("up", "down", "up"));
  EXPECT_EQ(ask({"INCR", "n"}), "1");
  EXPECT_EQ(client_->last_error(), "");
}

TEST_F(Redis, GivesUpOnAServerThatHangs) {
  RedisServer server(dir_.path());
  connect(endpoint_of(server.server()));
  ASSERT_TRUE(comes_up());
  server.signal(SIGSTOP);
  EXPECT_THAT(ask({"PING"}), HasSubstr("no reply within 200 ms"));
  server.signal(SIGCONT);
  ASSERT_TRUE(comes_up());
}

TEST_F(Redis, BoundsWhatWaits) {
  RedisServer server(dir_.path());
  connect(endpoint_of(server.server()));
  ASSERT_TRUE(comes_up());
  server.signal(SIGSTOP);
  int sent = 0;
  int failed = 0;
  while (client_->command({"PING"}, [&](Result<RedisValue> reply) { failed += !reply; })) ++sent;
  EXPECT_EQ(sent, 10'000);
  EXPECT_FALSE(client_->command({"SET", "k", std::string(9 * 1024 * 1024, 'x')},
                                [](Result<RedisValue>) { FAIL(); }));
  ASSERT_TRUE(until([&] { return failed == sent; }));
}

TEST_F(Redis, DropsAServerWhoseReplyIsTooLarge) {
  RedisServer server(dir_.path());
  connect(endpoint_of(server.server()));
  ASSERT_TRUE(comes_up());
  EXPECT_EQ(ask({"SET", "k", std::string(2 * 1024 * 1024, 'x')}), "OK");
  EXPECT_THAT(ask({"GET", "k"}), HasSubstr("a reply is larger than 1048576 bytes"));
  ASSERT_TRUE(comes_up());
}

TEST_F(Redis, HearsWhatIsPublished) {
  RedisServer server(dir_.path());
  connect(endpoint_of(server.server()));
  ASSERT_TRUE(comes_up());
  bool is_confirmed = false;
  ASSERT_TRUE(client_->subscribe(
      {"a", "b"}, [&](Result<RedisValue> reply) { is_confirmed = reply.has_value(); }));
  ASSERT_TRUE(until([&] { return is_confirmed; }));
  RedisClient other(loop_, endpoint_of(server.server()), {});
  ASSERT_TRUE(until([&] { return other.is_up(); }));
  ASSERT_TRUE(other.command({"PUBLISH", "b", "1"}, [](Result<RedisValue>) {}));
  ASSERT_TRUE(other.command({"PUBLISH", "c", "2"}, [](Result<RedisValue>) {}));
  ASSERT_TRUE(other.command({"PUBLISH", "a", "3"}, [](Result<RedisValue>) {}));
  ASSERT_TRUE(until([&] { return messages_.size() == 2; }));
  EXPECT_THAT(messages_, ElementsAre("b=1", "a=3"));
}

TEST_F(Redis, TakesTheServerThatIsAMaster) {
  RedisServer master(dir_.path(), {.port = RedisServer::free_port()});
  test::TempDir other;
  RedisServer replica(other.path(),
                      {.options = {"--replicaof", "127.0.0.1", std::to_string(master.port())}});
  RedisEndpoint endpoint = endpoint_of(replica.server());
  connect(endpoint);
  ASSERT_TRUE(fails_with("is no master"));
  endpoint.servers.push_back(*server_of(master.server()));
  connect(endpoint);
  ASSERT_TRUE(comes_up());
  EXPECT_EQ(client_->server(), master.server());
}

TEST_F(Redis, LeavesAMasterThatWasMadeAReplica) {
  RedisServer server(dir_.path());
  connect(endpoint_of(server.server()));
  ASSERT_TRUE(comes_up());
  EXPECT_EQ(ask({"REPLICAOF", "127.0.0.1", "1"}), "OK");
  EXPECT_THAT(ask({"INCR", "n"}), StartsWith("READONLY"));
  ASSERT_TRUE(fails_with("is no master"));
  EXPECT_THAT(events_, ElementsAre("up", "down"));
}

TEST_F(Redis, DoesNotUseANodeOfACluster) {
  std::optional<RedisServer> server(std::in_place, dir_.path(), RedisServer::cluster_node());
  connect(endpoint_of(server->server()));
  EXPECT_TRUE(fails_with("is a node of a Redis Cluster (cluster_enabled:1)"));
  EXPECT_TRUE(client_->is_cluster());
  EXPECT_FALSE(client_->is_up());
  EXPECT_THAT(events_, testing::IsEmpty());
  server.reset();
  server.emplace(dir_.path());
  EXPECT_TRUE(comes_up()) << "when it is none any more";
  EXPECT_FALSE(client_->is_cluster());
}

TEST_F(Redis, KnowsANodeOfAClusterByItsAnswersWhereInfoIsRefused) {
  RedisServer server(dir_.path(), RedisServer::cluster_node());
  {
    // Who does not ask first.
    RedisConnectionOptions options;
    options.server = *server_of(server.server());
    RedisConnection::Hooks hooks;
    hooks.on_end = [](const std::string&) {};
    std::optional<RedisConnection> plain;
    bool is_done = false;
    hooks.on_ready = [&] {
      EXPECT_TRUE(plain->command({"ACL", "SETUSER", "default", "-info"},
                                 [&](const Result<RedisValue>&) { is_done = true; }));
    };
    plain.emplace(loop_, options, std::move(hooks));
    ASSERT_TRUE(until([&] { return is_done; }));
  }
  connect(endpoint_of(server.server()));
  ASSERT_TRUE(comes_up());
  EXPECT_THAT(ask({"GET", "a"}), HasSubstr("CLUSTERDOWN"));
  EXPECT_TRUE(until([this] { return client_->is_cluster() && !client_->is_up(); }));
}

TEST_F(Redis, IsLookedAtOnce) {
  const auto probe = [&](const RedisEndpoint& endpoint) {
    std::optional<RedisProbe::Seen> seen;
    RedisProbe look(loop_, endpoint, [&](RedisProbe::Seen told) { seen = std::move(told); });
    EXPECT_TRUE(until([&] { return seen.has_value(); }));
    return seen.value_or(RedisProbe::Seen{});
  };
  EXPECT_FALSE(probe(endpoint_of("unix:" + dir_.file("none"))).was_reached);
  {
    RedisServer server(dir_.path());
    EXPECT_TRUE(probe(endpoint_of(server.server())).was_reached);
    EXPECT_FALSE(probe(endpoint_of(server.server())).is_cluster);
  }
  RedisServer server(dir_.path(), RedisServer::cluster_node());
  EXPECT_TRUE(probe(endpoint_of(server.server())).is_cluster);
}

TEST_F(Redis, MayBeDestroyedAtAnyMoment) {
  RedisServer server(dir_.path());
  for (int turns = 0; turns < 40; ++turns) {
    connect(endpoint_of(server.server()));
    for (int i = 0; i < turns; ++i) {
      loop_.run_once();
      usleep(50);
    }
    if (client_->is_up()) {
      ASSERT_TRUE(client_->command({"PING"}, [](Result<RedisValue>) { FAIL(); }));
    }
    client_.reset();
  }
  loop_.run_once();
}

class RedisWithSentinel : public Redis {
 protected:
  static constexpr const char* kLoopback = "127.0.0.1";

  std::string sentinel_file(std::uint16_t master_port) {
    return sentinels_.write("sentinel.conf", "sentinel monitor bank 127.0.0.1 " +
                                                 std::to_string(master_port) +
                                                 " 1\nsentinel down-after-milliseconds bank 300\n"
                                                 "sentinel failover-timeout bank 2000\n");
  }
  static RedisEndpoint asking(std::uint16_t sentinel, const std::string& master) {
    RedisEndpoint endpoint;
    endpoint.sentinels = {{kLoopback, 1, {}}, {kLoopback, sentinel, {}}};
    endpoint.master = master;
    return endpoint;
  }
  test::TempDir sentinels_;
  test::TempDir other_;
};

TEST_F(RedisWithSentinel, FindsTheMasterByItsName) {
  RedisServer master(dir_.path(), {.port = RedisServer::free_port()});
  RedisServer sentinel(sentinels_.path(), {.port = RedisServer::free_port(),
                                           .sentinel_file = sentinel_file(master.port())});
  connect(asking(sentinel.port(), "bank"));
  ASSERT_TRUE(comes_up()) << client_->last_error();
  EXPECT_EQ(client_->server(), "127.0.0.1:" + std::to_string(master.port()));
  connect(asking(sentinel.port(), "branch"));
  EXPECT_TRUE(fails_with("the sentinel knows no master \"branch\""));
}

TEST_F(RedisWithSentinel, FollowsAFailover) {
  RedisServer master(dir_.path(), {.port = RedisServer::free_port()});
  RedisServer replica(other_.path(),
                      {.port = RedisServer::free_port(),
                       .options = {"--replicaof", "127.0.0.1", std::to_string(master.port()),
                                   "--repl-diskless-sync-delay", "0"}});
  RedisServer sentinel(sentinels_.path(), {.port = RedisServer::free_port(),
                                           .sentinel_file = sentinel_file(master.port())});
  connect(asking(sentinel.port(), "bank"));
  ASSERT_TRUE(comes_up());
  // The sentinel must have seen the replica, or it has nobody to promote.
  RedisClient watcher(loop_, endpoint_of(replica.server()), {});
  ASSERT_TRUE(until([&] { return watcher.last_error().find("no master") != std::string::npos; }));
  ASSERT_TRUE(until([&] {
    return ask({"INFO", "replication"}).find("state=online") != std::string::npos;
  }));
  usleep(1'500'000);
  master.kill();
  const MonoTime end = mono_now() + Seconds(30);
  const std::string wanted = "127.0.0.1:" + std::to_string(replica.port());
  while (!(client_->is_up() && client_->server() == wanted) && mono_now() < end) {
    loop_.run_once();
    usleep(1000);
  }
  EXPECT_TRUE(client_->is_up()) << client_->last_error();
  EXPECT_EQ(client_->server(), wanted);
  EXPECT_EQ(ask({"INCR", "n"}), "1");
}

class RedisUnderTls : public Redis {
 protected:
  RedisUnderTls() {
    const auto identity = ca_.issue({.dns_names = {"redis.bank.example"}, .server_auth = true});
    spec_.options = {"--tls-port",         std::to_string(port_),
                     "--tls-cert-file",    dir_.write("server.pem", identity.chain_pem()),
                     "--tls-key-file",     dir_.write("server.key", identity.key_pem()),
                     "--tls-ca-cert-file", dir_.write("issuer.pem", ca_.certificate_pem()),
                     "--tls-auth-clients", "no"};
    server_ = std::make_unique<RedisServer>(dir_.path(), spec_);
  }
  RedisEndpoint endpoint(const test::TestCa& trusted, const std::string& name) {
    RedisEndpoint to = endpoint_of("127.0.0.1:" + std::to_string(port_));
    to.tls = RedisTls{dir_.write("ca.pem", trusted.certificate_pem()), name};
    return to;
  }
  const test::TestCa ca_{"Redis CA"};
  const std::uint16_t port_ = RedisServer::free_port();
  RedisServer::Spec spec_;
  std::unique_ptr<RedisServer> server_;
};

TEST_F(RedisUnderTls, VerifiesTheServer) {
  connect(endpoint(ca_, "redis.bank.example"));
  ASSERT_TRUE(comes_up()) << client_->last_error();
  EXPECT_EQ(ask({"SET", "k", std::string(300'000, 'x')}), "OK");
  EXPECT_EQ(ask({"STRLEN", "k"}), "300000");
  EXPECT_EQ(ask({"GET", "k"}).size(), 300'000u);
}

TEST_F(RedisUnderTls, RefusesAnotherNameOrCa) {
  connect(endpoint(ca_, "other.bank.example"));
  EXPECT_TRUE(fails_with("does not name"));
  connect(endpoint(ca_, ""));
  EXPECT_TRUE(fails_with("does not name"));
  connect(endpoint(test::TestCa("Another CA"), "redis.bank.example"));
  EXPECT_TRUE(fails_with("no CA of the trust store outbound issued"));
  EXPECT_THAT(events_, testing::IsEmpty());
}

TEST_F(RedisUnderTls, SaysWhichCaFileIsMissing) {
  RedisEndpoint to = endpoint(ca_, "");
  to.tls->ca_file = "/nowhere/ca.pem";
  connect(to);
  EXPECT_TRUE(fails_with("/nowhere/ca.pem"));
}

}  // namespace
}  // namespace sallyport::clients
