#include "gateway/server/worker_state.h"

#include <algorithm>
#include <functional>

namespace sallyport::server {
namespace {

constexpr std::string_view kRefusedConnections = "connections_refused_total";
constexpr std::string_view kRefusedConnectionsHelp =
    "Client connections closed before their TLS handshake, by reason.";

}  // namespace

GatewaySlots GatewaySlots::make(metrics::Registry& registry) {
  GatewaySlots slots;
  slots.accepted = registry.counter("connections_accepted_total", "Client connections accepted.");
  registry.declare_counter(kRefusedConnections, kRefusedConnectionsHelp);
  slots.open = registry.gauge("connections_open", "Client connections that are open.");
  for (std::size_t i = 0; i < kShedReasons; ++i) {
    const metrics::Label why{"why", to_string(static_cast<ShedReason>(i))};
    slots.shed[i] = registry.counter(
        "connections_shed_total", "Client connections without a request that ended to make room.",
        {&why, 1});
  }
  slots.descriptors_exhausted = registry.counter(
      "descriptors_exhausted_total", "Times that accepting failed for want of a file descriptor.");
  slots.handshakes = registry.counter("tls_handshakes_total", "TLS handshakes that succeeded.");
  slots.resumed = registry.counter("tls_resumed_total", "TLS handshakes that resumed a session.");
  slots.distrusted = registry.counter(
      "connections_distrusted_total",
      "Client connections that ended because their certificate is not trusted any more.");
  slots.overhead = registry.counter("connections_overhead_total",
                                    "Client connections that ended because too much of what came "
                                    "was of no use (limits.overhead).");
  slots.cut_bodies =
      registry.counter("request_bodies_cut_total",
                       "HTTP/2 streams reset after their answer, because the rest of the request "
                       "body was larger than "
                       "limits.discard_body or took longer than timeouts.discard_body.");
  slots.handshake_duration =
      registry.histogram("tls_handshake_duration_seconds", "Duration of successful handshakes.");
  return slots;
}

std::string_view to_string(ShedReason reason) {
  switch (reason) {
    case ShedReason::connections:
      return "connections";
    case ShedReason::descriptors:
      return "descriptors";
    case ShedReason::memory:
      return "memory";
  }
  return "unknown";
}

Attached::Attached(std::shared_ptr<const Generation> from, WorkerState& worker)
    : generation(std::move(from)),
      context(worker.index(), worker.loop()),
      surplus(worker, *generation) {
  chains.reserve(generation->routes.size());
  for (const auto& route : generation->routes) {
    chains.push_back(policy::attach(route->chain, context));
  }
  for (const proxy::Upstream& upstream : generation->upstreams) {
    pools.push_back(std::make_unique<proxy::UpstreamPool>(worker.loop(), upstream, worker.index(),
                                                          worker.upstream_scratch(), worker.bank(),
                                                          &surplus));
  }
}

WorkerState::WorkerState(event::Worker& worker, metrics::Registry& registry, ProcessLoad& process)
    : loop_(worker.loop()),
      index_(worker.index()),
      registry_(registry),
      process_(process),
      slots_(GatewaySlots::make(registry)),
      handshakes_(loop_),
      client_scratch_(std::make_unique<std::array<char, kScratch>>()),
      upstream_scratch_(std::make_unique<std::array<char, kScratch>>()),
      tidy_up_(loop_, Milliseconds(100),
               [this] {
                 log_.flush();
                 sessions_.trim();
               }),
      watch_trust_(loop_, Milliseconds(250), [this] { watch_trust(); }) {}

void WorkerState::adopt(std::shared_ptr<const Generation> generation) {
  attached_ = std::make_shared<Attached>(std::move(generation), *this);
  handshakes_.set_limits(attached_->generation->limits.handshakes);
}

void WorkerState::keep(std::unique_ptr<ClientConnection> connection) {
  bank_.add(slots_.open);
  ClientConnection* key = connection.get();
  connections_.emplace(key, Kept{std::move(connection), ++arrivals_});
}

void WorkerState::drop(ClientConnection& connection) {
  const auto found = connections_.find(&connection);
  if (found == connections_.end()) return;
  bank_.subtract(slots_.open);
  distrusted_.erase(&connection);
  if (connection.has_served()) --served_;
  graveyard_.dead.push_back(std::move(found->second.connection));
  connections_.erase(found);
  loop_.enqueue(graveyard_);
}

// all_connections may be walked while connections end.
std::vector<ClientConnection*> WorkerState::all_connections() const {
  std::vector<ClientConnection*> all;
  for (const auto& [key, kept] : connections_) all.push_back(key);
  return all;
}

void WorkerState::begin_drain() {
  draining_ = true;
  for (ClientConnection* connection : all_connections()) connection->begin_drain();
}

void WorkerState::end_idle() {
  for (ClientConnection* connection : all_connections()) connection->end_if_idle();
}

std::vector<WorkerState::Numbered> WorkerState::that_may_make_room(bool served) const {
  std::vector<Numbered> idle;
  for (const auto& [connection, kept] : connections_) {
    if (connection->has_served() == served && connection->may_make_room(loop_.mono())) {
      idle.emplace_back(kept.number, connection);
    }
  }
  return idle;
}

std::size_t WorkerState::shed_idle(ShedReason reason) {
  // A newcomer needs the place of one. Descriptors and memory are missed by others as well.
  const std::size_t few = reason == ShedReason::connections ? 1 : 16;
  std::size_t count = shed_newcomers(few, reason == ShedReason::memory);
  if (count == 0) count = shed_connections(true, few, true);
  bank_.add(slots_.shed[static_cast<std::size_t>(reason)], count);
  return count;
}

std::size_t WorkerState::shed_newcomers(std::size_t few, bool newest_first) {
  using Stage = HandshakeQueue::Stage;
  enum Kind : std::uint8_t { silent, halfway, unserved };
  const std::size_t others = served_ + handshakes_.size();
  std::array<std::pair<std::size_t, Kind>, 3> kinds{{
      {handshakes_.waiting(Stage::silent), silent},
      {handshakes_.waiting(Stage::halfway), halfway},
      {connections_.size() - std::min(connections_.size(), others), unserved},
  }};
  std::sort(kinds.begin(), kinds.end(), std::greater<>());
  for (const auto& [places, kind] : kinds) {
    std::size_t count = 0;
    if (kind == unserved) {
      count = shed_connections(false, few, newest_first);
    } else {
      count = handshakes_.crowd_out(kind == silent ? Stage::silent : Stage::halfway, few);
    }
    if (count > 0) return count;
  }
  return 0;
}

std::size_t WorkerState::shed_connections(bool served, std::size_t few, bool newest_first) {
  // A search looks at every connection: it ends enough of them to be worth it, and is not repeated
  // at once when it found none.
  constexpr Milliseconds kPause{100};
  constexpr std::size_t kShare = 64;
  MonoTime& found_none_at = found_none_at_[served ? 1 : 0];
  if (found_none_at.us != 0 && loop_.mono() < found_none_at + kPause) return 0;
  std::vector<Numbered> idle = that_may_make_room(served);
  found_none_at = idle.empty() ? loop_.mono() : MonoTime{};
  const std::size_t count = std::min(idle.size(), std::max(few, connections_.size() / kShare));
  const auto end = idle.begin() + static_cast<std::ptrdiff_t>(count);
  if (newest_first) {
    std::partial_sort(idle.begin(), end, idle.end(), std::greater<>());
  } else {
    std::partial_sort(idle.begin(), end, idle.end());
  }
  for (auto row = idle.begin(); row != end; ++row) row->second->shed();
  return count;
}

void WorkerState::count_denial(std::string_view route, std::string_view stage,
                               std::string_view reason, bool enforced) {
  std::string key;
  key.append(route).append("\n").append(stage).append("\n").append(reason);
  key += enforced ? '!' : '?';
  const auto [slot, is_new] = denials_.try_emplace(std::move(key), 0);
  if (is_new) {
    const std::array labels{metrics::Label{"route", route}, metrics::Label{"stage", stage},
                            metrics::Label{"reason", reason}};
    slot->second =
        enforced
            ? registry_.counter("denials_total", "Requests refused, by reason.", labels)
            : registry_.counter("would_deny_total",
                                "Requests that a policy in observe mode would refuse.", labels);
  }
  bank_.add(slot->second);
}

void WorkerState::count_handshake_failure(std::string_view listener, std::string_view reason) {
  count_by_reason("tls_handshake_failures_total", "TLS handshakes that failed, by reason.",
                  listener, reason);
}

void WorkerState::count_client_certificate(std::string_view listener, std::string_view result) {
  count_by_reason("tls_client_certificates_total",
                  "Handshakes that asked for a client certificate, by what came of it.", listener,
                  result);
}

void WorkerState::count_refused_connection(std::string_view listener, std::string_view reason) {
  count_by_reason(kRefusedConnections, kRefusedConnectionsHelp, listener, reason);
}

void WorkerState::count_by_reason(std::string_view metric, std::string_view help,
                                  std::string_view listener, std::string_view reason) {
  std::string key(metric);
  key.append("\n").append(listener).append("\n").append(reason);
  const auto [slot, is_new] = denials_.try_emplace(std::move(key), 0);
  if (is_new) {
    const std::array labels{metrics::Label{"listener", listener}, metrics::Label{"reason", reason}};
    slot->second = registry_.counter(metric, help, labels);
  }
  bank_.add(slot->second);
}

void WorkerState::count_h2_problem(std::string_view kind) {
  const auto [slot, is_new] = denials_.try_emplace("h2\n" + std::string(kind), 0);
  if (is_new) {
    const std::array labels{metrics::Label{"kind", kind}};
    slot->second = registry_.counter(
        "http2_connections_ended_total",
        "HTTP/2 connections ended for a flood of frames or a breach of protocol.", labels);
  }
  bank_.add(slot->second);
}

}  // namespace sallyport::server
