#include "gateway/proxy/server_directory.h"

#include <netinet/in.h>

#include <algorithm>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/net/address.h"

namespace sallyport::proxy {
namespace {

constexpr std::size_t kScratch = 16 * 1024;
// A set is looked through for every request, and a zone may say what it likes.
constexpr std::size_t kMaxServers = event::Resolver::kMaxAddresses;
// While there is no server at all.
constexpr Milliseconds kResolveAgain{1'000};

std::uint16_t port_of(const sockaddr_storage& address) {
  return address.ss_family == AF_INET6
             ? ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port)
             : ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

sockaddr_storage with_port(sockaddr_storage address, std::uint16_t port) {
  if (address.ss_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6&>(address).sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in&>(address).sin_port = htons(port);
  }
  return address;
}

socklen_t length_of(const sockaddr_storage& address) {
  return address.ss_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

net::Address ip_of(const sockaddr_storage& address) {
  return net::Address::from_socket(reinterpret_cast<const sockaddr*>(&address));
}

}  // namespace

std::string address_text(const sockaddr_storage& address) {
  const net::Address ip = ip_of(address);
  const std::string host = ip.family() == net::Family::v6 ? "[" + ip.text() + "]" : ip.text();
  return host + ":" + std::to_string(port_of(address));
}

ServerDirectory::ServerDirectory(DirectorySettings settings)
    : settings_([&] {
        settings.upstream.feed = std::make_shared<ServerFeed>();
        return std::move(settings);
      }()) {
  for (const ServerSpec& spec : settings_.servers) {
    if (spec.is_name()) names_.push_back({&spec, {}, {}, "it was not asked for yet"});
  }
}

ServerDirectory::~ServerDirectory() = default;

void ServerDirectory::start(event::Loop& control, event::Broadcast& broadcast) {
  loop_ = &control;
  broadcast_ = &broadcast;
  if (settings_.health) {
    if (settings_.upstream.tls) {
      auto made = tls::ClientContext::make(settings_.upstream.tls->config);
      SALLYPORT_CHECK(made);  // the loader has made one already
      tls_ = *std::move(made);
    }
    scratch_.resize(kScratch);
    context_.emplace(UpstreamContext{control, settings_.upstream, tls_.get(), scratch_});
  }
  if (names_.size() < settings_.servers.size()) publish();
  if (names_.empty()) return;
  resolve_timer_ =
      std::make_unique<event::Every>(control, settings_.resolve_every, [this] { resolve(); });
  resolve();
}

void ServerDirectory::resolve() {
  if (is_resolving()) return;
  resolver_ = std::make_unique<event::Resolver>(*loop_, settings_.resolver);
  for (Name& name : names_) {
    name.look_up = resolver_->resolve(name.spec->host);
    name.look_up.then([this, &name](Result<event::Resolver::Addresses> answer) {
      take_answer(name, std::move(answer));
    });
  }
}

bool ServerDirectory::is_resolving() const {
  return std::any_of(names_.begin(), names_.end(),
                     [](const Name& name) { return name.look_up.is_pending(); });
}

void ServerDirectory::take_answer(Name& name, Result<event::Resolver::Addresses> answer) {
  name.look_up = {};
  if (answer) {
    name.error.clear();
    name.addresses = *std::move(answer);
    keep_preferred(name.addresses);
  } else {
    // What was known goes on to be used.
    ++resolve_failures_;
    name.error = answer.error().text;
  }
  // At first nothing is known: some servers are better than none, none is known when all have
  // been asked for.
  if (answer || (!set_ && !is_resolving())) publish();
  if (is_resolving()) return;
  const bool has_some = set_ && !set_->servers.empty();
  resolve_timer_->set_period(has_some ? settings_.resolve_every
                                      : std::min(settings_.resolve_every, kResolveAgain));
}

// Mostly both kinds of addresses lead to the same hosts, and one of them to nowhere.
void ServerDirectory::keep_preferred(event::Resolver::Addresses& addresses) const {
  const int family = settings_.prefer == PreferredFamily::ipv6 ? AF_INET6 : AF_INET;
  const auto is_other = [&](const sockaddr_storage& a) { return a.ss_family != family; };
  if (!std::all_of(addresses.begin(), addresses.end(), is_other)) {
    std::erase_if(addresses, is_other);
  }
}

std::shared_ptr<const Server> ServerDirectory::server_at(const ServerSpec& spec,
                                                         const sockaddr_storage& address,
                                                         socklen_t length) {
  auto server = std::make_shared<Server>();
  server->text = address.ss_family == AF_UNIX ? spec.text : address_text(address);
  if (settings_.upstream.tls) {
    server->tls_name = settings_.tls_name.empty() ? spec.host : settings_.tls_name;
  }
  server->weight = spec.weight;
  if (set_) {
    // One that stays keeps its condition and its connections.
    for (const auto& known : set_->servers) {
      if (known->text == server->text && known->tls_name == server->tls_name &&
          known->weight == server->weight) {
        return known;
      }
    }
    server->condition.returned_us = loop_->mono().us;
  }
  server->address = address;
  server->length = length;
  return server;
}

void ServerDirectory::publish() {
  auto next = std::make_shared<ServerSet>();
  const auto add = [&](std::shared_ptr<const Server> server) {
    auto& servers = next->servers;
    const bool is_known = std::any_of(servers.begin(), servers.end(), [&](const auto& other) {
      return other->text == server->text && other->tls_name == server->tls_name;
    });
    if (!is_known && servers.size() < kMaxServers) servers.push_back(std::move(server));
  };
  for (const ServerSpec& spec : settings_.servers) {
    if (!spec.is_name()) add(server_at(spec, spec.address, spec.length));
  }
  for (const Name& name : names_) {
    for (const sockaddr_storage& address : name.addresses) {
      const sockaddr_storage full = with_port(address, name.spec->port);
      add(server_at(*name.spec, full, length_of(full)));
    }
  }
  // A zone may give its addresses in any order; the set has one.
  std::sort(next->servers.begin(), next->servers.end(),
            [](const auto& a, const auto& b) { return a->text < b->text; });
  if (set_ && set_->servers == next->servers) return;
  set_ = std::move(next);
  settings_.upstream.feed->publish(*broadcast_, set_);
  if (settings_.health) check_health();
}

void ServerDirectory::check_health() {
  const auto& servers = set_->servers;
  std::erase_if(checks_, [&](const Check& check) {
    return std::find(servers.begin(), servers.end(), check.server) == servers.end();
  });
  for (const auto& server : servers) {
    const bool is_checked = std::any_of(checks_.begin(), checks_.end(),
                                        [&](const Check& check) { return check.server == server; });
    if (is_checked) continue;
    checks_.push_back({server, std::make_unique<HealthCheck>(*context_, *server, *settings_.health,
                                                             check_failures_)});
    checks_.back().check->start();
  }
}

std::optional<std::string> ServerDirectory::not_ready() const {
  if (set_ && !set_->servers.empty()) return std::nullopt;
  std::string text = "upstream " + settings_.upstream.name + ":";
  for (const Name& name : names_) {
    if (!name.error.empty()) text += " " + name.error;
  }
  return text;
}

void ServerDirectory::metrics(std::vector<policy::Metric>& to) const {
  const auto add = [&](std::string_view name, std::string_view help, bool is_counter,
                       std::size_t value) {
    to.push_back(
        {name, help, is_counter, "upstream", settings_.upstream.name, static_cast<double>(value)});
  };
  const MonoTime now = mono_now();
  const std::size_t count = set_ ? set_->servers.size() : 0;
  const auto up = !set_ ? 0
                        : std::count_if(set_->servers.begin(), set_->servers.end(),
                                        [&](const auto& s) { return s->condition.is_up(now); });
  add("upstream_servers", "Addresses of an upstream.", false, count);
  add("upstream_servers_up", "Those of them that get requests.", false,
      static_cast<std::size_t>(up));
  if (!names_.empty()) {
    add("upstream_resolve_failures_total", "Look-ups of an upstream's names that failed.", true,
        resolve_failures_);
  }
  if (settings_.health) {
    add("upstream_health_check_failures_total", "Health checks that failed.", true,
        check_failures_);
  }
  if (set_) server_metrics(to);
}

}  // namespace sallyport::proxy
