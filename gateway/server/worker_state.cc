#include "gateway/server/worker_state.h"

namespace sallyport::server {

GatewaySlots GatewaySlots::make(observe::Registry& registry) {
  GatewaySlots slots;
  slots.accepted = registry.counter("connections_accepted_total", "Client connections accepted.");
  slots.open = registry.gauge("connections_open", "Client connections that are open.");
  slots.refused_full = registry.counter("connections_refused_total",
                                        "Client connections closed at limits.connections.");
  slots.handshakes = registry.counter("tls_handshakes_total", "TLS handshakes that succeeded.");
  slots.resumed = registry.counter("tls_resumed_total", "TLS handshakes that resumed a session.");
  slots.handshake_duration =
      registry.histogram("tls_handshake_duration_seconds", "Duration of successful handshakes.");
  return slots;
}

Attached::Attached(std::shared_ptr<const Generation> from, event::Loop& loop, unsigned worker,
                   std::span<char> scratch)
    : generation(std::move(from)), context(worker) {
  chains.reserve(generation->routes.size());
  for (const auto& route : generation->routes) {
    chains.push_back(policy::attach(route->chain, context));
  }
  for (const proxy::Upstream& upstream : generation->upstreams) {
    pools.push_back(std::make_unique<proxy::UpstreamPool>(loop, upstream, scratch));
  }
}

WorkerState::WorkerState(event::Worker& worker, observe::Registry& registry)
    : loop_(worker.loop()),
      index_(worker.index()),
      registry_(registry),
      slots_(GatewaySlots::make(registry)),
      client_scratch_(std::make_unique<std::array<char, kScratch>>()),
      upstream_scratch_(std::make_unique<std::array<char, kScratch>>()),
      flush_log_(loop_, Milliseconds(100), [this] { log_.flush(); }) {}

void WorkerState::adopt(std::shared_ptr<const Generation> generation) {
  attached_ = std::make_shared<Attached>(std::move(generation), loop_, index_, upstream_scratch());
}

void WorkerState::keep(std::unique_ptr<ClientConnection> connection) {
  bank_.add(slots_.open);
  ClientConnection* key = connection.get();
  connections_.emplace(key, std::move(connection));
}

void WorkerState::drop(ClientConnection& connection) {
  const auto found = connections_.find(&connection);
  if (found == connections_.end()) return;
  bank_.subtract(slots_.open);
  graveyard_.dead.push_back(std::move(found->second));
  connections_.erase(found);
  loop_.enqueue(graveyard_);
}

// all_connections may be walked while connections end.
std::vector<ClientConnection*> WorkerState::all_connections() const {
  std::vector<ClientConnection*> all;
  for (const auto& [key, connection] : connections_) all.push_back(key);
  return all;
}

void WorkerState::begin_drain() {
  draining_ = true;
  for (ClientConnection* connection : all_connections()) connection->begin_drain();
}

void WorkerState::end_idle() {
  for (ClientConnection* connection : all_connections()) connection->end_if_idle();
}

void WorkerState::count_denial(std::string_view route, std::string_view stage,
                               std::string_view reason, bool enforced) {
  std::string key;
  key.append(route).append("\n").append(stage).append("\n").append(reason);
  key += enforced ? '!' : '?';
  const auto [slot, is_new] = denials_.try_emplace(std::move(key), 0);
  if (is_new) {
    const std::array labels{observe::Label{"route", route}, observe::Label{"stage", stage},
                            observe::Label{"reason", reason}};
    slot->second =
        enforced ? registry_.counter("denials_total", "Requests refused, by reason.", labels)
                 : registry_.counter("would_deny_total",
                                     "Requests that a policy in observe mode would refuse.", labels);
  }
  bank_.add(slot->second);
}

void WorkerState::count_handshake_failure(std::string_view listener, std::string_view reason) {
  std::string key("tls\n");
  key.append(listener).append("\n").append(reason);
  const auto [slot, is_new] = denials_.try_emplace(std::move(key), 0);
  if (is_new) {
    const std::array labels{observe::Label{"listener", listener}, observe::Label{"reason", reason}};
    slot->second = registry_.counter("tls_handshake_failures_total",
                                     "TLS handshakes that failed, by reason.", labels);
  }
  bank_.add(slot->second);
}

void WorkerState::count_h2_problem(std::string_view kind) {
  const auto [slot, is_new] = denials_.try_emplace("h2\n" + std::string(kind), 0);
  if (is_new) {
    const std::array labels{observe::Label{"kind", kind}};
    slot->second = registry_.counter(
        "http2_connections_ended_total",
        "HTTP/2 connections ended for a flood of frames or a breach of protocol.", labels);
  }
  bank_.add(slot->second);
}

}  // namespace sallyport::server
