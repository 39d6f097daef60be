#pragma once

// CertificateRefusal says why a peer's certificate chain was not believed: for the log, and for the
// alert that the peer gets.

#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::tls {

enum class RefusalReason : std::uint8_t {
  unknown_issuer,  // no trust anchor of the store vouches for it
  expired,         // it, or one of its issuers
  not_yet_valid,
  wrong_purpose,   // extended key usage or key usage forbid it
  wrong_name,      // not the host that we meant to reach
  weak_key,        // RSA below 2048 bits, or a curve below P-256
  roca_key,        // RSA with the fingerprint of CVE-2017-15361, see gateway/crypto/roca.h
  weak_signature,  // SHA-1, MD5
  bad_signature,
  invalid_issuer,  // an issuer that is no CA, or whose constraints are broken
  malformed,
  chain_too_long,     // or too many issuers of one name
  revoked,            // on a revocation list, or blocked by its fingerprint
  crl_expired,        // the issuer's revocation list was not renewed in time
  crl_absent,         // revocation lists are configured, and none is of this issuer
  not_active,         // the entry that vouches for it is not active yet, or retired
  identity_mismatch,  // its names are not those that the entry is for
  other,
};

// to_string is stable: a log field and a metric label.
std::string_view to_string(RefusalReason reason);

struct CertificateRefusal {
  RefusalReason reason = RefusalReason::other;
  std::string text;  // for the operator; may quote names that the peer chose
  // Of the certificate that was presented; empty when it could not be read.
  std::string subject;
  std::string issuer;
  std::string serial;
};

// alert_for returns the TLS alert (RFC 8446 section 6.2) that tells the peer.
std::uint8_t alert_for(RefusalReason reason);

}  // namespace sallyport::tls
