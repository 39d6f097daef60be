#pragma once

// ChainVerifier decides whether to believe a peer's certificate chain. One per worker: it keeps
// what it has verified, so that the many handshakes of one client cost one verification.

#include <openssl/base.h>
#include <openssl/pool.h>

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "gateway/base/clock.h"
#include "gateway/crypto/digest.h"
#include "gateway/crypto/verified_certificate.h"
#include "gateway/tls/known_issuers.h"
#include "gateway/tls/refusal.h"
#include "gateway/tls/trust_store.h"

namespace sallyport::tls {

// Expectation is what the certificate is for. `host` (a DNS name or IP address) must be among the
// names of a server's certificate; it is empty for clients.
struct Expectation {
  enum class Role : std::uint8_t { client, server };
  Role role = Role::client;
  std::string host;
};

class ChainVerifier {
 public:
  static constexpr std::size_t kDefaultCapacity = 1024;
  static constexpr std::size_t kMaxPresented = 10;  // certificates that a peer may send
  static constexpr int kMaxDepth = 5;               // issuers above the leaf

  using Verified = std::shared_ptr<const crypto::VerifiedCertificate>;
  using Verdict = std::variant<Verified, CertificateRefusal>;

  explicit ChainVerifier(std::size_t capacity = kDefaultCapacity) : capacity_(capacity) {}

  // verify judges `chain` (leaf first, not empty) against `store` at the time `now`. A verdict
  // from memory is as good as a new one: it holds for the same bytes, store and expectation, while
  // every certificate of the chain is valid, the entry active and the revocation lists fresh.
  Verdict verify(std::span<CRYPTO_BUFFER* const> chain, const TrustStore& store,
                 const Expectation& expected, WallTime now);

  std::uint64_t hits() const { return hits_; }
  std::size_t cached() const { return by_key_.size(); }

 private:
  struct Entry {
    std::string key;
    Verified certificate;
    std::int64_t not_before;  // of the whole chain, Unix seconds
    std::int64_t not_after;
  };

  Verified find(const std::string& key, WallTime now);
  void remember(Entry entry);

  const std::size_t capacity_;
  std::list<Entry> entries_;  // most recently used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key_;  // their own keys
  std::uint64_t hits_ = 0;
  KnownIssuers issuers_;
};

}  // namespace sallyport::tls
