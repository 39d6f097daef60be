#include "gateway/tls/refusal.h"

#include <openssl/ssl.h>

namespace sallyport::tls {

std::string_view to_string(RefusalReason reason) {
  switch (reason) {
    case RefusalReason::unknown_issuer:
      return "unknown_issuer";
    case RefusalReason::expired:
      return "expired";
    case RefusalReason::not_yet_valid:
      return "not_yet_valid";
    case RefusalReason::wrong_purpose:
      return "wrong_purpose";
    case RefusalReason::wrong_name:
      return "wrong_name";
    case RefusalReason::weak_key:
      return "weak_key";
    case RefusalReason::roca_key:
      return "roca_key";
    case RefusalReason::weak_signature:
      return "weak_signature";
    case RefusalReason::bad_signature:
      return "bad_signature";
    case RefusalReason::invalid_issuer:
      return "invalid_issuer";
    case RefusalReason::malformed:
      return "malformed";
    case RefusalReason::chain_too_long:
      return "chain_too_long";
    case RefusalReason::revoked:
      return "revoked";
    case RefusalReason::crl_expired:
      return "crl_expired";
    case RefusalReason::crl_absent:
      return "crl_absent";
    case RefusalReason::not_active:
      return "not_active";
    case RefusalReason::identity_mismatch:
      return "identity_mismatch";
    case RefusalReason::other:
      break;
  }
  return "other";
}

std::uint8_t alert_for(RefusalReason reason) {
  switch (reason) {
    case RefusalReason::unknown_issuer:
    case RefusalReason::chain_too_long:
    case RefusalReason::not_active:
      return SSL_AD_UNKNOWN_CA;
    case RefusalReason::expired:
    case RefusalReason::not_yet_valid:
      return SSL_AD_CERTIFICATE_EXPIRED;
    case RefusalReason::wrong_purpose:
    case RefusalReason::weak_key:
    case RefusalReason::roca_key:
    case RefusalReason::weak_signature:
      return SSL_AD_UNSUPPORTED_CERTIFICATE;
    case RefusalReason::bad_signature:
    case RefusalReason::malformed:
    case RefusalReason::invalid_issuer:
    case RefusalReason::wrong_name:
      return SSL_AD_BAD_CERTIFICATE;
    case RefusalReason::revoked:
      return SSL_AD_CERTIFICATE_REVOKED;
    case RefusalReason::crl_expired:
    case RefusalReason::crl_absent:
    case RefusalReason::identity_mismatch:
    case RefusalReason::other:
      break;
  }
  return SSL_AD_CERTIFICATE_UNKNOWN;
}

}  // namespace sallyport::tls
