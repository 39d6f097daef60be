#pragma once

// Path building (RFC 4158) and validation (RFC 5280 section 6): every path that may lead to a CA of
// an entry is tried, within bounds, until one holds. Internal to the room.

#include <openssl/base.h>
#include <openssl/x509.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/tls/chain_verifier.h"
#include "gateway/tls/known_issuers.h"
#include "gateway/tls/refusal.h"
#include "gateway/tls/signature_book.h"
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
  void forbid_common_name() { forbids_common_name_ = true; }

  std::size_t size() const { return views_.size(); }
  const crypto::CertificateView& operator[](std::size_t i) const { return *views_[i]; }
  const crypto::CertificateView& leaf() const { return *views_.front(); }
  const crypto::CertificateView& anchor() const { return *views_.back(); }
  // forbids_common_name: the leaf's CN is a DNS name that the path's name constraints forbid.
  bool forbids_common_name() const { return forbids_common_name_; }

 private:
  std::vector<const crypto::CertificateView*> views_;
  bool forbids_common_name_ = false;
};

// Hints says what to do with an issuer that the authority key identifier speaks against. It is a
// hint, and no reason to refuse (RFC 5280 section 4.2.1.1): such issuers are tried when no other
// is.
enum class Hints : std::uint8_t { heeded, ignored };

// PathDemand is what else is asked of a path before it counts; nothing: it will do.
using PathDemand = std::function<std::optional<CertificateRefusal>(const CaPath&)>;

// PathQuestion is what to find a path for. `signatures` and `has_passed` grow with every search.
struct PathQuestion {
  const PresentedChain& chain;
  std::string_view store;  // the name that refusals mention
  const Expectation& expected;
  WallTime now;
  SignatureBook signatures = {};
  bool has_passed = false;  // Hints::ignored would try more
};

// find_ca_path looks for a path to the CAs of `entry`, which is of kind ca. The refusal is that of
// the path that came furthest. The path lives no longer than chain and entry.
std::variant<CaPath, CertificateRefusal> find_ca_path(PathQuestion& question,
                                                      const TrustEntry& entry, Hints hints,
                                                      const PathDemand& demand);

CertificateRefusal refusal_of(RefusalReason reason, std::string text,
                              const crypto::CertificateView& leaf);

}  // namespace sallyport::tls
