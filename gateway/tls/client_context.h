#pragma once

// ClientContext is the TLS side of outbound connections, one per worker and trust: the server must
// show a certificate for the very host that we meant.

#include <openssl/base.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/tls/chain_verifier.h"
#include "gateway/tls/credentials.h"
#include "gateway/tls/tls_transport.h"
#include "gateway/tls/trust_store.h"
#include "gateway/tls/version.h"

namespace sallyport::tls {

struct ClientConfig {
  std::shared_ptr<const TrustStore> trust;         // required, unless insecure_skip_verify
  std::shared_ptr<const Credentials> credentials;  // shown when the server asks; may be null
  std::vector<std::string> alpn;
  Version min_version = Version::tls12;
  bool resumes_sessions = true;
  bool insecure_skip_verify = false;  // believe any server: for laboratories, without `trust`
};

class ClientContext : public std::enable_shared_from_this<ClientContext> {
 public:
  static Result<std::shared_ptr<ClientContext>> make(ClientConfig config);
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;

  // connect takes a non-blocking socket that is connected or connecting; the transport owns it.
  // `host` is the DNS name or IP address that the certificate must bear; a name is also sent as
  // SNI. Fails on a host that is neither. The last session with a host is resumed, and what the
  // server showed in it is verified again.
  Result<std::unique_ptr<TlsTransport>> connect(int fd, std::string_view host);

 private:
  using Session = bssl::UniquePtr<SSL_SESSION>;
  // Hosts are named by configuration; this is against a mistake of ours.
  static constexpr std::size_t kMaxHosts = 1024;

  explicit ClientContext(ClientConfig config) : config_(std::move(config)) {}
  static int session_cb(SSL* ssl, SSL_SESSION* session);
  void offer_session(SSL* ssl, const std::string& host);

  const ClientConfig config_;
  ChainVerifier verifier_;
  // By host. A connection points at its own, which stays where it is.
  std::unordered_map<std::string, Session> sessions_;
  bssl::UniquePtr<SSL_CTX> ssl_context_;
};

}  // namespace sallyport::tls
