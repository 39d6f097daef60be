#include "gateway/tls/library_refusal.h"

#include <openssl/bytestring.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "gateway/crypto/bytes.h"
#include "gateway/crypto/certificate.h"

namespace sallyport::tls {
namespace {

struct Rule {
  RefusalReason reason;
  const char* text;
};

std::optional<Rule> rule_of_tls(int reason) {
  switch (reason) {
    case SSL_R_CANNOT_PARSE_LEAF_CERT:
    case SSL_R_CERT_LENGTH_MISMATCH:
      return Rule{RefusalReason::malformed, "cannot be read by the TLS library"};
    case SSL_R_KEY_USAGE_BIT_INCORRECT:
      return Rule{RefusalReason::wrong_purpose,
                  "has a key usage without digitalSignature, with which clients prove themselves"};
    case SSL_R_UNKNOWN_CERTIFICATE_TYPE:
    case SSL_R_PEER_ERROR_UNSUPPORTED_CERTIFICATE_TYPE:
    case SSL_R_WRONG_CERTIFICATE_TYPE:
    case SSL_R_BAD_ECC_CERT:
      return Rule{RefusalReason::weak_key, "has a key of a kind that TLS does not take here"};
    case SSL_R_WRONG_SIGNATURE_TYPE:
      return Rule{
          RefusalReason::weak_key,
          "was shown with a proof by an algorithm that is not offered: its key is of a kind "
          "that is not taken, or the client signs with SHA-1"};
    case SSL_R_BAD_SIGNATURE:
      return Rule{RefusalReason::bad_signature,
                  "was shown by a client that does not have its key: the proof is not good"};
    default:
      return std::nullopt;
  }
}

std::optional<Rule> rule_of(std::uint32_t error) {
  switch (ERR_GET_LIB(error)) {
    case ERR_LIB_SSL:
      return rule_of_tls(ERR_GET_REASON(error));
    case ERR_LIB_EVP:
    case ERR_LIB_EC:
    case ERR_LIB_RSA:
    case ERR_LIB_DSA:
      return Rule{RefusalReason::weak_key,
                  "has a key that cannot be read, or is of an unknown kind or curve"};
    default:
      return std::nullopt;
  }
}

// library_rule: the library's own reason comes last, those of what it called before.
std::optional<Rule> library_rule() {
  std::optional<Rule> first;
  while (const std::uint32_t error = ERR_get_error()) {
    const auto rule = rule_of(error);
    if (!first) first = rule;
  }
  return first;
}

}  // namespace

std::string_view leaf_of(std::string_view message, int version) {
  CBS body, context, list, leaf;
  std::uint8_t type = 0;
  CBS_init(&body, crypto::data_of(message), message.size());
  if (!CBS_get_u8(&body, &type) || type != SSL3_MT_CERTIFICATE || !CBS_skip(&body, 3)) return {};
  if (version >= TLS1_3_VERSION && !CBS_get_u8_length_prefixed(&body, &context)) return {};
  if (!CBS_get_u24_length_prefixed(&body, &list) || !CBS_get_u24_length_prefixed(&list, &leaf)) {
    return {};
  }
  return crypto::view_of(CBS_data(&leaf), CBS_len(&leaf));
}

std::optional<CertificateRefusal> library_refusal(const std::string& leaf) {
  if (leaf.empty()) return std::nullopt;
  const auto rule = library_rule();
  if (!rule) return std::nullopt;
  const auto view = crypto::view_certificate(leaf);
  if (!view) {
    return CertificateRefusal{RefusalReason::malformed,
                              "the certificate cannot be read: " + view.error().text, "", "", ""};
  }
  return CertificateRefusal{rule->reason, "the certificate of " + view->subject + " " + rule->text,
                            view->subject, view->issuer, view->serial};
}

}  // namespace sallyport::tls
