#pragma once

// The issuers that clients have presented in chains that were believed, parsed: the same few come
// with every new leaf. What is known is the content of some bytes; every signature is verified
// anew. Internal to the room; one per verifier.

#include <openssl/base.h>
#include <openssl/x509.h>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/crypto/digest.h"
#include "gateway/crypto/verified_certificate.h"

namespace sallyport::tls {

struct PresentedIssuer {
  std::string der;
  crypto::Sha256 digest;  // of the DER
  bssl::UniquePtr<X509> certificate;
  std::optional<crypto::CertificateView> view;  // nothing when only the library can read it
};

class KnownIssuers {
 public:
  static constexpr std::size_t kMost = 32;

  // find returns null for what is not known.
  std::shared_ptr<const PresentedIssuer> find(std::string_view der) const {
    for (const auto& issuer : issuers_) {
      if (issuer && issuer->der == der) return issuer;
    }
    return nullptr;
  }

  // remember displaces the one that came first; call it for what belongs to a chain that was
  // believed, so that strangers cannot displace anything.
  void remember(std::shared_ptr<const PresentedIssuer> issuer) {
    if (find(issuer->der)) return;
    issuers_[next_] = std::move(issuer);
    next_ = (next_ + 1) % kMost;
  }

 private:
  std::array<std::shared_ptr<const PresentedIssuer>, kMost> issuers_;
  std::size_t next_ = 0;
};

}  // namespace sallyport::tls
