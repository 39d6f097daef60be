#pragma once

// ServerContext is the TLS side of a listener, one per worker: it chooses the certificate by the
// name that the client asks for (SNI), verifies client certificates and seals session tickets.

#include <openssl/base.h>
#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/result.h"
#include "gateway/crypto/digest.h"
#include "gateway/tls/chain_verifier.h"
#include "gateway/tls/credentials.h"
#include "gateway/tls/ticket_keys.h"
#include "gateway/tls/tls_transport.h"
#include "gateway/tls/trust_store.h"
#include "gateway/tls/version.h"

namespace sallyport::tls {

// SniEntry is a set of server names with what is shown and asked for under them.
struct SniEntry {
  std::string id;                  // unique in the listener; part of what a ticket is bound to
  std::vector<std::string> names;  // "api.example.com", "*.example.com" (exactly one label)
  std::shared_ptr<const Credentials> credentials;
  // With a store, clients are asked for a certificate; whether one is required is for the route
  // to say. A certificate that the store does not vouch for ends the handshake.
  std::shared_ptr<const TrustStore> trust;
};

// ServerConfig is immutable once a context was made of it.
struct ServerConfig {
  std::string listener;
  std::vector<SniEntry> entries;
  // The entry for clients that send no name or an unknown one; without it they are refused with
  // the alert unrecognized_name.
  std::optional<std::size_t> default_entry;
  Version min_version = Version::tls12;
  std::vector<std::string> alpn;  // most preferred first; empty: ALPN is not spoken
  Seconds ticket_lifetime{7200};
};

class ServerContext : public std::enable_shared_from_this<ServerContext> {
 public:
  // make fails on a configuration that contradicts itself: a name twice, a malformed one, an
  // entry without credentials. `tickets` may be null: then sessions are not resumed.
  static Result<std::shared_ptr<ServerContext>> make(std::shared_ptr<const ServerConfig> config,
                                                     std::shared_ptr<const TicketKeys> tickets);
  ~ServerContext();
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;

  // accept takes a connected, non-blocking socket, which the transport then owns. `already_read`
  // are its first bytes, if somebody had to look (PROXY header).
  std::unique_ptr<TlsTransport> accept(int fd, std::string_view already_read = {});

  // set_ticket_keys replaces the keys after a rotation. On this context's worker.
  void set_ticket_keys(std::shared_ptr<const TicketKeys> keys) { tickets_ = std::move(keys); }

  // entry_for returns the entry that serves `name` (lower case), the default one for others, or
  // null when there is none.
  const SniEntry* entry_for(std::string_view name) const;

  // vouch judges a certificate that was shown on a connection with that server name by what this
  // context trusts: for connections that were made before the trust changed.
  ChainVerifier::Verdict vouch(std::string_view sni, const crypto::VerifiedCertificate& shown,
                               WallTime now);

  const ChainVerifier& verifier() const { return verifier_; }

 private:
  ServerContext(std::shared_ptr<const ServerConfig> config,
                std::shared_ptr<const TicketKeys> tickets)
      : config_(std::move(config)), tickets_(std::move(tickets)) {}

  Result<void> index_names();
  void set_up();
  bool prepare(SSL* ssl, PendingHandshake& pending) const;
  int seal_ticket(std::uint8_t* key_name, std::uint8_t* iv, EVP_CIPHER_CTX* cipher,
                  HMAC_CTX* hmac) const;
  int open_ticket(const std::uint8_t* key_name, const std::uint8_t* iv, EVP_CIPHER_CTX* cipher,
                  HMAC_CTX* hmac) const;

  static ServerContext& context_of(const SSL* ssl);
  static ssl_select_cert_result_t select_certificate_cb(const SSL_CLIENT_HELLO* hello);
  static int server_name_cb(SSL* ssl, int* out_alert, void* self);
  static int alpn_cb(SSL* ssl, const std::uint8_t** out, std::uint8_t* out_size,
                     const std::uint8_t* in, unsigned in_size, void* self);
  static int ticket_cb(SSL* ssl, std::uint8_t* key_name, std::uint8_t* iv, EVP_CIPHER_CTX* cipher,
                       HMAC_CTX* hmac, int encrypt);

  const std::shared_ptr<const ServerConfig> config_;
  std::shared_ptr<const TicketKeys> tickets_;
  std::unordered_map<std::string, std::size_t> exact_;      // name to entry
  std::unordered_map<std::string, std::size_t> wildcards_;  // what follows "*." to entry
  std::vector<crypto::Sha256> session_ids_;                 // per entry: what a ticket is bound to
  std::string alpn_;                                        // as sent
  ChainVerifier verifier_;
  // Peers' certificates are kept once, however many connections show them. Outlives the context.
  bssl::UniquePtr<CRYPTO_BUFFER_POOL> pool_;
  bssl::UniquePtr<SSL_CTX> ssl_context_;
};

}  // namespace sallyport::tls
