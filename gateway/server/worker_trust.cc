// What a worker does about trust: connections that were made under another one, and what it notes
// of the certificates that clients show.

#include <algorithm>
#include <limits>

#include "gateway/observe/record.h"
#include "gateway/server/worker_state.h"

namespace sallyport::server {

std::shared_ptr<tls::ServerContext> WorkerState::tls_of(const std::string& listener) const {
  const auto found = tls_.find(listener);
  return found != tls_.end() ? found->second : nullptr;
}

void WorkerState::TrustSweep::begin() {
  // Whoever comes later has been judged by the new trust; see Handshake::finish.
  left_.clear();
  worker_.trust_ends_ = std::numeric_limits<std::int64_t>::max();  // those visited say it again
  for (const auto& [key, connection] : worker_.connections_) left_.push_back(key);
  worker_.loop_.enqueue(*this);
}

void WorkerState::TrustSweep::run() {
  constexpr int kAtATime = 64;
  for (int i = 0; i < kAtATime && !left_.empty(); ++i) {
    ClientConnection* connection = left_.back();
    left_.pop_back();
    if (worker_.connections_.contains(connection)) connection->trust_changed();
  }
  if (!left_.empty()) worker_.loop_.enqueue(*this);
}

std::optional<tls::CertificateRefusal> WorkerState::follow_trust(ClientContext& client) {
  auto current = tls_of(client.listener);
  const bool is_same = !current || (current == client.tls && client.is_trusted(loop_.wall()));
  auto refusal = is_same ? std::nullopt : client.follow(std::move(current), loop_.wall());
  if (!refusal) note_trust_end(client);
  return refusal;
}

void WorkerState::note_trust_end(const ClientContext& client) {
  const auto& certificate = client.certificate;
  if (certificate) trust_ends_ = std::min(trust_ends_, certificate->valid_until());
}

void WorkerState::watch_trust() {
  if (loop_.wall().unix_seconds() > trust_ends_) sweep_.begin();
  end_distrusted();
}

void WorkerState::distrust(ClientConnection& connection, const ClientContext& client,
                           const tls::CertificateRefusal& why) {
  distrusted_[&connection] = loop_.mono() + generation().timeouts.distrusted;
  bank_.add(slots_.distrusted);
  std::string* line = log_.line();
  if (line == nullptr) return;
  const std::string reason = "certificate." + std::string(tls::to_string(why.reason));
  observe::HandshakeRecord record;
  record.event = "trust_withdrawn";
  record.at = loop_.wall();
  record.listener = client.listener;
  record.client = {client.facts.peer, client.facts.peer_port};
  record.proxy = client.facts.proxy_peer;
  record.reason = reason;
  record.detail = why.text;
  record.sni = client.sni;
  record.subject = why.subject;
  record.issuer = why.issuer;
  record.serial = why.serial;
  observe::append_handshake_line(*line, record);
}

void WorkerState::end_distrusted() {
  std::vector<ClientConnection*> over;
  for (const auto& [connection, deadline] : distrusted_) {
    if (deadline <= loop_.mono()) over.push_back(connection);
  }
  for (ClientConnection* connection : over) {
    distrusted_.erase(connection);
    connection->end_now();
  }
}

void WorkerState::count_trust(const ClientContext& client) {
  const auto& certificate = client.certificate;
  const tls::SniEntry* entry_of_name = client.tls->entry_for(client.sni);
  if (!certificate) {
    const bool was_asked = entry_of_name != nullptr && entry_of_name->trust != nullptr;
    if (was_asked) count_client_certificate(client.listener, "none");
    return;
  }
  count_client_certificate(client.listener, "trusted");
  note_trust_end(client);
  const std::string_view store = certificate->trust_store(), entry = certificate->entry();
  std::string key("trust\n");
  key.append(store).append("\n").append(entry);
  const auto [slot, is_new] = denials_.try_emplace(std::move(key), 0);
  if (is_new) {
    const std::array labels{metrics::Label{"store", store}, metrics::Label{"entry", entry}};
    slot->second = registry_.counter(
        "trust_entry_handshakes_total",
        "Handshakes with a client certificate, by the entry that vouched.", labels);
  }
  bank_.add(slot->second);
  seen_.note(certificate, client.listener, entry_of_name != nullptr ? entry_of_name->id : "",
             loop_.wall());
}

}  // namespace sallyport::server
