#include "gateway/server/client_context.h"

namespace sallyport::server {

bool ClientContext::serves(std::string_view host) const {
  const tls::SniEntry* of_connection = tls->entry_for(sni);
  const tls::SniEntry* of_host = tls->entry_for(host);
  // A host without an entry has no TLS policy that could be evaded; routes decide about it.
  if (of_host == nullptr || of_connection == of_host) return true;
  return of_connection != nullptr && of_connection->trust == of_host->trust;
}

}  // namespace sallyport::server
