#pragma once

// SignatureBook verifies who signed which certificate, each once for a key, and no more of them
// than a handshake may cost: a peer can send certificates of one name that might all have issued
// each other. Internal to the room; one per chain that is judged.

#include <openssl/base.h>
#include <openssl/x509.h>

#include <array>
#include <cstdint>
#include <vector>

#include "gateway/crypto/digest.h"

namespace sallyport::tls {

enum class Signature : std::uint8_t { good, bad, not_asked };

// SignedBy says where the issuer comes from.
enum class SignedBy : std::uint8_t { presented, anchor };

// IssuerKey is the key of a certificate, and the SHA-256 of its SubjectPublicKeyInfo.
struct IssuerKey {
  X509* certificate;
  const crypto::Sha256& spki;
};

class SignatureBook {
 public:
  // More than an honest chain needs: one path, and the wrong candidates of a few names.
  static constexpr std::size_t kMostByPresented = 16;
  // As many as a trust store may have entries: all of them may have CAs of one name.
  static constexpr std::size_t kMostByAnchors = 256;

  // check verifies the signature on `subject` with the key of `issuer`, unless that is known;
  // not_asked once the most for issuers of this origin have been verified.
  Signature check(X509* subject, const IssuerKey& issuer, SignedBy origin);
  // known says what was found out so far, and not_asked for what was not.
  Signature known(const X509* subject, const crypto::Sha256& issuer_spki) const;
  std::size_t verified() const { return entries_.size(); }

 private:
  struct Entry {
    const X509* subject;
    crypto::Sha256 issuer_spki;
    Signature found;
  };
  std::vector<Entry> entries_;
  std::size_t by_presented_ = 0;
};

}  // namespace sallyport::tls
