#pragma once

// ClientContext is the TLS side of outbound connections, one per worker and trust: the server must
// show a certificate for the very host that we meant.

#include <openssl/base.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/tls/chain_verifier.h"
#include "gateway/tls/credentials.h"
#include "gateway/tls/tls_transport.h"
#include "gateway/tls/trust_store.h"
#include "gateway/tls/version.h"

namespace sallyport::tls {

struct ClientConfig {
  std::shared_ptr<const TrustStore> trust;         // required
  std::shared_ptr<const Credentials> credentials;  // shown when the server asks; may be null
  std::vector<std::string> alpn;
  Version min_version = Version::tls12;
};

class ClientContext : public std::enable_shared_from_this<ClientContext> {
 public:
  static Result<std::shared_ptr<ClientContext>> make(ClientConfig config);
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;

  // connect takes a non-blocking socket that is connected or connecting; the transport owns it.
  // `host` is the DNS name or IP address that the certificate must bear; a name is also sent as
  // SNI. Fails on a host that is neither.
  Result<std::unique_ptr<TlsTransport>> connect(int fd, std::string_view host);

 private:
  explicit ClientContext(ClientConfig config) : config_(std::move(config)) {}

  const ClientConfig config_;
  ChainVerifier verifier_;
  bssl::UniquePtr<SSL_CTX> ssl_context_;
};

}  // namespace sallyport::tls
