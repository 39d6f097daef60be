#include "gateway/server/client_context.h"

namespace sallyport::server {

bool ClientContext::serves(std::string_view host) const {
  if (host == sni) return true;  // nearly always; both are in lower case
  const tls::SniEntry* of_connection = tls->entry_for(sni);
  const tls::SniEntry* of_host = tls->entry_for(host);
  // A host without an entry has no TLS policy that could be evaded; routes decide about it.
  if (of_host == nullptr || of_connection == of_host) return true;
  return of_connection != nullptr && of_connection->trust == of_host->trust;
}

std::optional<tls::CertificateRefusal> ClientContext::follow(
    std::shared_ptr<tls::ServerContext> current, WallTime now) {
  if (certificate) {
    auto verdict = current->vouch(sni, *certificate, now);
    if (auto* refusal = std::get_if<tls::CertificateRefusal>(&verdict)) return std::move(*refusal);
    certificate = std::get<tls::ChainVerifier::Verified>(std::move(verdict));
  }
  tls = std::move(current);
  return std::nullopt;
}

}  // namespace sallyport::server
