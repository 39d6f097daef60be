#pragma once

// Reading certificate revocation lists (RFC 5280 section 5), one pass and no object per entry: a
// list may have hundreds of thousands. Who signed it is for the caller to verify.

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/crypto/crl_scope.h"
#include "gateway/crypto/digest.h"
#include "gateway/crypto/serial_set.h"

namespace sallyport::crypto {

constexpr std::size_t kMaxRevocationListBytes = 32 * 1024 * 1024;

struct RevocationList {
  std::string issuer;            // RFC 4514 text
  std::string issuer_der;        // Name
  std::int64_t this_update = 0;  // Unix seconds
  std::int64_t next_update = 0;
  CrlScope scope;  // which certificates of the issuer it covers
  SerialSet serials;
  Sha256 sha256{};  // of the DER list

  // What is signed, with what, and the signature.
  std::string signed_der;     // TBSCertList
  std::string algorithm_der;  // AlgorithmIdentifier
  std::string signature;
};

// read_revocation_list reads DER, or PEM with one block X509 CRL. Indirect and delta lists, such
// for some reasons only, lists with a critical extension that we do not know, and such without
// nextUpdate are errors: to take them for complete would be to believe revoked certificates.
Result<RevocationList> read_revocation_list(std::string_view file);

// signed_by verifies the list's signature with the issuer's DER SubjectPublicKeyInfo. RSA
// (PKCS #1 and PSS) and ECDSA with SHA-2, and Ed25519.
bool signed_by(const RevocationList& list, std::string_view spki);

}  // namespace sallyport::crypto
