#pragma once

// VerifiedCertificate is the proof that a client certificate passed a trust store: only the tls
// room's verifier can make one. It carries what policies, logs and headers may want to know.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
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
  std::string subject;      // RFC 4514 text, most specific first
  std::string issuer;
  std::string common_name;  // of the subject; empty when absent or when there is more than one
  std::string serial;       // lower-case hexadecimal
  std::vector<std::string> dns_names;
  std::vector<std::string> uris;
  std::int64_t not_before = 0;  // Unix seconds
  std::int64_t not_after = 0;
  std::array<std::uint8_t, 32> sha256{};       // of the DER leaf (RFC 8705 x5t#S256)
  std::array<std::uint8_t, 32> spki_sha256{};  // of the DER SubjectPublicKeyInfo
  std::string der;
  std::vector<std::string> chain_der;  // what else the peer sent, leaf excluded
};

class VerifiedCertificate {
 public:
  const CertificateView& view() const { return view_; }
  // trust_store names the store that vouched for it; anchor is the subject of the trust anchor.
  std::string_view trust_store() const { return trust_store_; }
  std::string_view anchor() const { return anchor_; }

 private:
  friend class tls::ChainVerifier;
  friend class test::FactMaker;
  VerifiedCertificate(CertificateView view, std::string trust_store, std::string anchor)
      : view_(std::move(view)), trust_store_(std::move(trust_store)), anchor_(std::move(anchor)) {}

  CertificateView view_;
  std::string trust_store_;
  std::string anchor_;
};

}  // namespace sallyport::crypto
