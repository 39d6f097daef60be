#pragma once

// Path building and validation (RFC 5280 section 6) by the library, and our own demands on keys and
// signatures. Internal to the room.

#include <openssl/base.h>
#include <openssl/x509.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/tls/chain_verifier.h"
#include "gateway/tls/known_issuers.h"
#include "gateway/tls/refusal.h"
#include "gateway/tls/trust_entry.h"

namespace sallyport::tls {

// PresentedChain is what a peer sent, parsed.
struct PresentedChain {
  crypto::CertificateView view;  // of the leaf
  bssl::UniquePtr<X509> leaf;
  bssl::UniquePtr<STACK_OF(X509)> others;  // the certificates of `issuers`, in order
  std::vector<std::shared_ptr<const PresentedIssuer>> issuers;
};

// CaPath is a path that holds: leaf first, anchor last. It points to the views that whoever
// presented and trusts the certificates keeps.
class CaPath {
 public:
  void add(const crypto::CertificateView& known) { views_.push_back(&known); }
  std::size_t size() const { return views_.size(); }
  const crypto::CertificateView& operator[](std::size_t i) const { return *views_[i]; }
  const crypto::CertificateView& leaf() const { return *views_.front(); }
  const crypto::CertificateView& anchor() const { return *views_.back(); }

 private:
  std::vector<const crypto::CertificateView*> views_;
};

// find_ca_path judges the chain by the CAs of `entry`, which is of kind ca; `store` is the name
// that refusals mention. The path lives no longer than chain and entry.
std::variant<CaPath, CertificateRefusal> find_ca_path(const PresentedChain& chain,
                                                      const TrustEntry& entry,
                                                      std::string_view store,
                                                      const Expectation& expected, WallTime now);

// Signed says whether we believe in a certificate because of the signature on it.
enum class Signed : std::uint8_t { relied_on, trusted };

// weakness_of judges the key and the signature's kind; nothing when they will do.
std::optional<CertificateRefusal> weakness_of(X509* certificate,
                                              const crypto::CertificateView& view,
                                              Signed signature);

CertificateRefusal refusal_of(RefusalReason reason, std::string text,
                              const crypto::CertificateView& leaf);

}  // namespace sallyport::tls
