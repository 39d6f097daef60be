// What operators are told of each server: lines when it goes down or comes up, and its metrics.

#include <fmt/core.h>

#include <algorithm>

#include "gateway/proxy/server_directory.h"

namespace sallyport::proxy {
namespace {

// Total adds up what all workers do with a server.
struct Total {
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;
  std::uint64_t in_use = 0;
  std::uint64_t idle = 0;
};

Total total_of(const Server& server) {
  Total total;
  for (const ServerLoad& load : server.loads) {
    total.requests += load.requests.load(std::memory_order_relaxed);
    total.failures += load.failures.load(std::memory_order_relaxed);
    total.in_use += load.in_use.load(std::memory_order_relaxed);
    total.idle += load.idle.load(std::memory_order_relaxed);
  }
  return total;
}

}  // namespace

const HealthCheck* ServerDirectory::check_of(const Server& server) const {
  for (const Check& check : checks_) {
    if (check.server.get() == &server) return check.check.get();
  }
  return nullptr;
}

std::string ServerDirectory::why_down(const Server& server, MonoTime now) const {
  const HealthCheck* check = check_of(server);
  if (!server.condition.healthy.load(std::memory_order_relaxed) && check != nullptr) {
    return "its health checks fail: " + check->last().fault;
  }
  const std::int64_t until = server.condition.ejected_until_us.load(std::memory_order_relaxed);
  return fmt::format("its requests failed, it gets none for {:.1f} s",
                     static_cast<double>(std::max<std::int64_t>(until - now.us, 0)) / 1e6);
}

std::vector<policy::Notice> ServerDirectory::notices() {
  std::vector<policy::Notice> notices;
  if (!set_) return notices;
  const MonoTime now = mono_now();
  const auto say = [&](std::string_view level, std::string_view event, const Server& server,
                       std::string_view why) {
    notices.push_back(
        {level, event,
         fmt::format("upstream {}: {}{}", settings_.upstream.name, server.text, why)});
  };
  std::vector<std::shared_ptr<const Server>> down;
  for (const auto& server : set_->servers) {
    const bool was_down = std::ranges::find(down_, server) != down_.end();
    const bool is_up = server->condition.is_up(now);
    if (!is_up) down.push_back(server);
    if (is_up && was_down) say("info", "upstream_server_up", *server, "");
    if (!is_up && !was_down) {
      say("warn", "upstream_server_down", *server, ": " + why_down(*server, now));
    }
  }
  down_ = std::move(down);
  return notices;
}

std::vector<std::string> ServerDirectory::problems() const {
  std::vector<std::string> problems;
  const std::string& upstream = settings_.upstream.name;
  for (const Name& name : names_) {
    // Without any address it is in not_ready.
    if (name.error.empty() || name.addresses.empty()) continue;
    problems.push_back(fmt::format(
        "upstream {}: {} cannot be looked up; its {} addresses from before go on to be used",
        upstream, name.spec->host, name.addresses.size()));
  }
  if (!set_ || set_->servers.empty()) return problems;
  const MonoTime now = mono_now();
  const bool any_is_up =
      std::ranges::any_of(set_->servers, [now](const auto& s) { return s->condition.is_up(now); });
  if (!any_is_up) problems.push_back(fmt::format("upstream {}: every server is down", upstream));
  return problems;
}

void ServerDirectory::server_metrics(std::vector<policy::Metric>& to) const {
  const MonoTime now = mono_now();
  for (const auto& server : set_->servers) {
    using Labels = std::vector<std::pair<std::string, std::string>>;
    const auto add = [&](std::string_view name, std::string_view help, bool is_counter,
                         std::uint64_t value, Labels more = {}) {
      more.insert(more.begin(), {"server", server->text});
      to.push_back({name, help, is_counter, "upstream", settings_.upstream.name,
                    static_cast<double>(value), std::move(more)});
    };
    const Total total = total_of(*server);
    add("upstream_server_up", "1 while a server of an upstream gets requests.", false,
        server->condition.is_up(now) ? 1 : 0);
    add("upstream_server_requests_total", "Attempts that were sent to a server.", true,
        total.requests);
    add("upstream_server_failures_total",
        "Attempts that failed there: no connection, no answer, or 502, 503 or 504.", true,
        total.failures);
    add("upstream_server_connections",
        "Connections to a server; the busy ones as requests under way.", false, total.in_use,
        {{"state", "busy"}});
    add("upstream_server_connections",
        "Connections to a server; the busy ones as requests under way.", false, total.idle,
        {{"state", "idle"}});
    if (const HealthCheck* check = check_of(*server); check != nullptr && check->last().at != 0) {
      add("upstream_server_checked_timestamp_seconds", "When a server's last health check ended.",
          false, static_cast<std::uint64_t>(check->last().at));
    }
  }
}

}  // namespace sallyport::proxy
