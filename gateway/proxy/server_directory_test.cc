#include "gateway/proxy/server_directory.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <thread>

namespace sallyport::proxy {
namespace {

class HereAndNow final : public event::Broadcast {
 public:
  void to_all(std::function<void(unsigned)> work, std::function<void()> done) override {
    work(0);
    done();
  }
};

ServerSpec at(const std::string& ip, std::uint16_t port) {
  ServerSpec spec;
  spec.text = ip + ":" + std::to_string(port);
  spec.host = ip;
  spec.port = port;
  auto& v4 = reinterpret_cast<sockaddr_in&>(spec.address);
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  inet_pton(AF_INET, ip.c_str(), &v4.sin_addr);
  spec.length = sizeof v4;
  return spec;
}

ServerSpec named(const std::string& host, std::uint16_t port) {
  ServerSpec spec;
  spec.text = host + ":" + std::to_string(port);
  spec.host = host;
  spec.port = port;
  return spec;
}

class Directory : public ::testing::Test {
 protected:
  Directory() {
    settings_.upstream.name = "fdx";
    settings_.resolver.timeout = Milliseconds(50);
    settings_.resolver.attempts = 1;
    settings_.resolver.nameservers = {"127.0.0.1:1"};  // nobody
  }
  void start() {
    directory_.emplace(settings_);
    directory_->start(loop_, broadcast_);
  }
  std::vector<std::string> servers() {
    std::vector<std::string> texts;
    const auto& set = directory_->feed()->here(0);
    if (set) {
      for (const auto& server : set->servers) texts.push_back(server->text);
    }
    return texts;
  }
  void run_until(const std::function<bool()>& there) {
    const MonoTime until = mono_now() + Milliseconds(5'000);
    while (!there() && mono_now() < until) {
      loop_.run_once();
      std::this_thread::sleep_for(Milliseconds(1));
    }
  }

  event::Loop loop_;
  HereAndNow broadcast_;
  DirectorySettings settings_;
  std::optional<ServerDirectory> directory_;
};

TEST_F(Directory, GivesAddressesAtOnce) {
  settings_.servers = {at("127.0.0.2", 80), at("127.0.0.1", 80), at("127.0.0.1", 80)};
  start();
  EXPECT_EQ(servers(), (std::vector<std::string>{"127.0.0.1:80", "127.0.0.2:80"}));
  EXPECT_EQ(directory_->not_ready(), std::nullopt);
}

TEST_F(Directory, FindsLocalhostWithoutTheDns) {
  settings_.servers = {named("localhost", 8080)};
  start();
  EXPECT_NE(directory_->not_ready(), std::nullopt) << "not yet";
  run_until([&] { return directory_->not_ready() == std::nullopt; });
  EXPECT_EQ(servers(), (std::vector<std::string>{"127.0.0.1:8080"}));
}

TEST_F(Directory, IsNotReadyWithoutAnyServer) {
  settings_.servers = {named("api.invalid", 8080)};
  start();
  run_until([&] { return directory_->feed()->here(0) != nullptr; });
  EXPECT_TRUE(servers().empty());
  ASSERT_NE(directory_->not_ready(), std::nullopt);
  EXPECT_NE(directory_->not_ready()->find("api.invalid cannot be resolved"), std::string::npos)
      << *directory_->not_ready();
}

TEST_F(Directory, UsesWhatItHasWhileANameIsUnknown) {
  settings_.servers = {named("api.invalid", 8080), at("127.0.0.1", 80)};
  start();
  EXPECT_EQ(servers(), (std::vector<std::string>{"127.0.0.1:80"}));
  EXPECT_EQ(directory_->not_ready(), std::nullopt);
}

TEST(AddressText, PutsBracketsRoundIpv6) {
  sockaddr_storage address{};
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(443);
  v6.sin6_addr = in6addr_loopback;
  EXPECT_EQ(address_text(address), "[::1]:443");
}

}  // namespace
}  // namespace sallyport::proxy
