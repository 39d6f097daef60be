#pragma once

// ServerDirectory knows which servers an upstream has and how they are: it resolves their names
// again and again, checks their health, and gives every change to the workers. Control thread.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/event/resolver.h"
#include "gateway/event/watch.h"
#include "gateway/policy/module.h"
#include "gateway/proxy/health_check.h"
#include "gateway/proxy/upstream.h"

namespace sallyport::proxy {

enum class PreferredFamily : std::uint8_t { ipv4, ipv6 };
// option_names is how configuration spells them.
constexpr auto option_names(PreferredFamily) {
  return std::array{std::pair<std::string_view, PreferredFamily>{"ipv4", PreferredFamily::ipv4},
                    std::pair<std::string_view, PreferredFamily>{"ipv6", PreferredFamily::ipv6}};
}

struct DirectorySettings {
  Upstream upstream;  // how servers are reached; its feed is the directory's to set
  std::vector<ServerSpec> servers;
  std::string tls_name;  // what certificates must be for; empty: each server's own host
  event::ResolverSettings resolver;
  PreferredFamily prefer = PreferredFamily::ipv4;
  Milliseconds resolve_every{30'000};
  std::optional<HealthRules> health;
};

class ServerDirectory final : public policy::Service {
 public:
  explicit ServerDirectory(DirectorySettings settings);
  ~ServerDirectory() override;

  void start(event::Loop& control, event::Broadcast& broadcast) override;
  std::optional<std::string> not_ready() const override;
  void metrics(std::vector<policy::Metric>& to) const override;
  // problems names what cannot be looked up, and an upstream all of whose servers are down.
  std::vector<std::string> problems() const override;
  // notices says which servers went down or came up since it was asked last, and why.
  std::vector<policy::Notice> notices() override;

  // feed is what workers hold on to: unlike this object it may be destroyed on any thread.
  const std::shared_ptr<ServerFeed>& feed() const { return settings_.upstream.feed; }

 private:
  // Name is a server of the configuration that has to be resolved.
  struct Name {
    const ServerSpec* spec = nullptr;
    std::vector<sockaddr_storage> addresses;  // the last good answer
    event::Task<event::Resolver::Addresses> look_up;
    std::string error;  // of the last look-up; empty: it was good
  };
  struct Check {
    std::shared_ptr<const Server> server;
    std::unique_ptr<HealthCheck> check;
  };

  void resolve();
  void take_answer(Name& name, Result<event::Resolver::Addresses> answer);
  void keep_preferred(event::Resolver::Addresses& addresses) const;
  bool is_resolving() const;
  void publish();
  std::shared_ptr<const Server> server_at(const ServerSpec& spec, const sockaddr_storage& address,
                                          socklen_t length);
  void check_health();
  const HealthCheck* check_of(const Server& server) const;
  std::string why_down(const Server& server, MonoTime now) const;
  void server_metrics(std::vector<policy::Metric>& to) const;

  const DirectorySettings settings_;
  std::vector<Name> names_;
  std::shared_ptr<const ServerSet> set_;  // null until the first is known
  std::uint64_t resolve_failures_ = 0;
  std::uint64_t check_failures_ = 0;
  event::Loop* loop_ = nullptr;
  event::Broadcast* broadcast_ = nullptr;
  std::unique_ptr<event::Resolver> resolver_;
  std::unique_ptr<event::Every> resolve_timer_;
  std::shared_ptr<tls::ClientContext> tls_;
  std::vector<char> scratch_;
  std::optional<UpstreamContext> context_;  // of the checks
  std::vector<Check> checks_;
  std::vector<std::shared_ptr<const Server>> down_;  // as notices said last
};

// address_text is "192.0.2.7:8080" or "[2001:db8::7]:8080".
std::string address_text(const sockaddr_storage& address);

}  // namespace sallyport::proxy
