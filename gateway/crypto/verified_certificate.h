#pragma once

// VerifiedCertificate is the proof that a client certificate passed a trust store: only the tls
// room's verifier can make one. It carries what policies, logs and headers may want to know.

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::tls {
class ChainVerifier;
}
namespace sallyport::test {
class FactMaker;  // tests/support: makes facts for policies under test
}

namespace sallyport::crypto {

// CertificateView is the readable content of a certificate. Text is UTF-8 with control characters
// replaced; it comes from the peer and is evidence, never a label.
struct CertificateView {
  std::string subject;  // RFC 4514 text, most specific first
  std::string issuer;
  std::string common_name;  // of the subject; empty when absent or when there is more than one
  // The name constraints of its path forbid common_name as a DNS name: it identifies nobody.
  bool common_name_forbidden = false;
  std::string serial;  // lower-case hexadecimal
  std::vector<std::string> dns_names;
  std::vector<std::string> uris;
  std::int64_t not_before = 0;  // Unix seconds
  std::int64_t not_after = 0;
  std::array<std::uint8_t, 32> sha256{};       // of the DER leaf (RFC 8705 x5t#S256)
  std::array<std::uint8_t, 32> spki_sha256{};  // of the DER SubjectPublicKeyInfo
  std::string der;
  std::vector<std::string> chain_der;  // what else the peer sent, leaf excluded
};

// PathIssuer is one of the CAs between a certificate and whoever vouched for it, the anchor
// included.
struct PathIssuer {
  std::array<std::uint8_t, 32> sha256{};       // of the DER certificate
  std::array<std::uint8_t, 32> spki_sha256{};  // of the DER SubjectPublicKeyInfo
  std::string der;  // empty: of the anchor, whose octets are the operator's and not the client's
};

// Voucher says who vouched for a certificate, and until when.
struct Voucher {
  std::string trust_store;  // its name
  std::string entry;        // id of the store's entry
  std::string identity;     // what the entry calls the client; empty: nothing of its own
  std::string anchor;       // subject of the trust anchor; of a pin, the pinned subject
  // The path's validity, the entry's retirement and the revocation lists' nextUpdate, whichever
  // comes first. Unix seconds.
  std::int64_t valid_until = std::numeric_limits<std::int64_t>::max();
  std::vector<PathIssuer> issuers = {};  // nearest first; none of a pin
};

class VerifiedCertificate {
 public:
  const CertificateView& view() const { return view_; }
  // trust_store names the store that vouched for it; anchor is the subject of the trust anchor.
  std::string_view trust_store() const { return voucher_.trust_store; }
  std::string_view anchor() const { return voucher_.anchor; }
  std::string_view entry() const { return voucher_.entry; }
  // identity is what the trust store calls the client.
  std::string_view identity() const {
    return voucher_.identity.empty() ? voucher_.trust_store : voucher_.identity;
  }
  // valid_until is the last second for which this proof holds.
  std::int64_t valid_until() const { return voucher_.valid_until; }
  // denial_names are the digests by which the certificate, or a CA of its path, may have been
  // denied, as lower-case hexadecimal: of each certificate the SHA-256 of its DER, of its twin
  // (certificate_twin.h) and of its public key. Whose signature could be written otherwise cannot
  // change what he is called here. Made when first asked for, so that it costs nothing where
  // nothing is denied. Any thread.
  const std::vector<std::string>& denial_names() const;

 private:
  friend class tls::ChainVerifier;
  friend class test::FactMaker;
  VerifiedCertificate(CertificateView view, Voucher voucher)
      : view_(std::move(view)), voucher_(std::move(voucher)) {}

  std::vector<std::string> make_denial_names() const;

  CertificateView view_;
  Voucher voucher_;
  mutable std::once_flag names_made_;
  mutable std::vector<std::string> denial_names_;
};

}  // namespace sallyport::crypto
