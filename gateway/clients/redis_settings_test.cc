#include "gateway/clients/redis_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/option.h"
#include "tests/support/temp_dir.h"

namespace sallyport::clients {
namespace {

using testing::HasSubstr;

struct Read {
  std::optional<RedisEndpoint> endpoint;
  std::string findings;
};

Read read(const std::string& yaml) {
  config::Findings findings;
  const auto node =
      config::parse_yaml(yaml, std::make_shared<const std::string>("test.yaml"), findings);
  Read read;
  RedisSettings settings;
  if (node && config::decode(*node, settings, findings)) {
    read.endpoint = redis_endpoint(settings, *node, findings);
  }
  for (const auto& finding : findings.all()) read.findings += finding.text() + "\n";
  return read;
}

TEST(RedisServer, ReadsEveryForm) {
  EXPECT_EQ(RedisServer::parse("localhost:6379")->host, "localhost");
  EXPECT_EQ(RedisServer::parse("[::1]:6379")->host, "::1");
  EXPECT_EQ(RedisServer::parse("[::1]:6379")->text(), "[::1]:6379");
  EXPECT_EQ(RedisServer::parse("unix:/run/redis.sock")->unix_path, "/run/redis.sock");
  for (const char* bad :
       {"", "localhost", "localhost:0", "localhost:65536", ":6379", "::1:6379", "[localhost]:1",
        "unix:redis.sock", "redis://localhost:1", "a b:1", "user@host:1", "host:6379x"}) {
    EXPECT_FALSE(RedisServer::parse(bad)) << bad;
  }
}

TEST(RedisSettings, ComesToAnEndpoint) {
  test::TempDir dir;
  const Read got = read(
      "servers: [127.0.0.1:6379, 'unix:/run/redis.sock']\nusername: gw\n"
      "password: file:" +
      dir.write("password", "secret\n") + "\ndatabase: 2\ncommand_timeout: 500ms\n");
  ASSERT_TRUE(got.endpoint) << got.findings;
  EXPECT_EQ(got.endpoint->servers.size(), 2u);
  EXPECT_EQ(got.endpoint->login.password, "secret");
  EXPECT_EQ(got.endpoint->login.database, 2);
  EXPECT_EQ(got.endpoint->command_timeout, Milliseconds(500));
  EXPECT_EQ(got.endpoint->fingerprint().find("secret"), std::string::npos);
}

TEST(RedisSettings, GoesElsewhereOnlyUnderTls) {
  EXPECT_THAT(read("servers: [redis.bank.example:6379]").findings, HasSubstr("set `tls`"));
  EXPECT_THAT(read("servers: [192.0.2.1:6379]").findings, HasSubstr("set `tls`"));
  EXPECT_THAT(read("sentinel: {servers: ['192.0.2.1:26379'], master: bank}").findings,
              HasSubstr("set `tls`"));
  const Read secure = read("servers: [redis.bank.example:6379]\ntls: {server_name: r.example}");
  ASSERT_TRUE(secure.endpoint) << secure.findings;
  EXPECT_EQ(secure.endpoint->tls->server_name, "r.example");
  EXPECT_THAT(read("servers: ['unix:/run/r']\ntls: {}").findings, HasSubstr("needs no `tls`"));
}

TEST(RedisSettings, NamesServersInOneWay) {
  EXPECT_THAT(read("database: 1").findings, HasSubstr("either `servers` or `sentinel`"));
  EXPECT_THAT(
      read("servers: ['127.0.0.1:1']\nsentinel: {servers: ['127.0.0.1:2'], master: m}").findings,
      HasSubstr("either `servers` or `sentinel`"));
  EXPECT_THAT(read("servers: [nonsense]").findings, HasSubstr("test.yaml:1:11"));
  EXPECT_THAT(read("servers: ['127.0.0.1:1']\nusername: gw").findings, HasSubstr("no `password`"));
}

TEST(RedisSettings, TellsEndpointsApart) {
  const auto print = [](const std::string& yaml) { return read(yaml).endpoint->fingerprint(); };
  EXPECT_EQ(print("servers: ['127.0.0.1:1']"), print("servers: ['127.0.0.1:1']"));
  EXPECT_NE(print("servers: ['127.0.0.1:1']"), print("servers: ['127.0.0.1:2']"));
  EXPECT_NE(print("servers: ['127.0.0.1:1']"), print("servers: ['127.0.0.1:1']\ndatabase: 1"));
}

}  // namespace
}  // namespace sallyport::clients
