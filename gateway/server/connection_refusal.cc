#include "gateway/server/connection_refusal.h"

#include <array>
#include <string>

#include "gateway/observe/record.h"
#include "gateway/server/worker_state.h"

namespace sallyport::server {
namespace {

constexpr std::array<ConnectionReason, kConnectionRefusals> kReasons{{
    {"connection.proxy_header_untrusted_peer",
     "The listener demands a PROXY header, and this peer is not in `proxy_protocol.from`: nobody "
     "else may say who the client is."},
    {"connection.proxy_header_invalid",
     "The connection does not begin with a PROXY header, or with one that breaks the protocol; the "
     "evidence names the rule."},
    {"connection.proxy_header_closed",
     "The peer closed before its PROXY header was complete, as plain TCP health checks do."},
    {"connection.proxy_header_timeout",
     "The PROXY header was not complete within `proxy_protocol.timeout`."},
    {"connection.limit", "`limits.connections` are open, none of them idle."},
    {"connection.address_limit",
     "The client's address has `limits.connections_per_address` connections. If many clients share "
     "it, add it to `limits.exempt`."},
    {"connection.address_rate",
     "The client's address made more than `limits.connects_per_address` connections in a second."},
    {"connection.handshake_limit",
     "`limits.handshakes` clients wait for their turn in the TLS handshake."},
    {"connection.memory", "The process is near `limits.memory`."},
    {"connection.descriptors",
     "The process is out of file descriptors, and no connection was idle."},
}};

}  // namespace

const ConnectionReason& reason_of(ConnectionRefusal refusal) {
  return kReasons[static_cast<std::size_t>(refusal)];
}

std::span<const ConnectionReason> connection_reasons() { return kReasons; }

void tell_refusal(WorkerState& worker, ConnectionRefusal refusal, std::string_view listener,
                  const Peer& peer, std::string_view detail) {
  const std::string_view reason = reason_of(refusal).id;
  worker.count_refused_connection(listener, reason);
  const WallTime now = worker.loop().wall();
  if (!worker.refusal_lines().take(worker.loop().mono())) return;
  observe::ConnectionRecord record;
  record.at = now;
  record.listener = listener;
  record.client = peer.client;
  record.proxy = peer.proxy;
  record.reason = reason;
  record.detail = detail;
  record.suppressed = worker.refusal_lines().suppressed();
  if (std::string* line = worker.log().line()) observe::append_refused_line(*line, record);
}

}  // namespace sallyport::server
