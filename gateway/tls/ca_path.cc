#include "gateway/tls/ca_path.h"

#include <openssl/bytestring.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/obj.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <optional>

#include "gateway/base/check.h"
#include "gateway/base/utc.h"
#include "gateway/crypto/bytes.h"
#include "gateway/crypto/certificate.h"
#include "gateway/net/address.h"

namespace sallyport::tls {
namespace {

std::optional<crypto::CertificateView> view_of_x509(X509* certificate) {
  std::uint8_t* der = nullptr;
  const int size = certificate == nullptr ? -1 : i2d_X509(certificate, &der);
  if (size <= 0) return std::nullopt;
  const bssl::UniquePtr<std::uint8_t> owned(der);
  auto view = crypto::view_certificate(crypto::view_of(der, static_cast<std::size_t>(size)));
  if (!view) return std::nullopt;
  return std::move(*view);
}

// is_kind compares without OBJ_obj2nid, which takes a lock and searches all that the library knows.
bool is_kind(const ASN1_OBJECT* object, int nid) { return OBJ_cmp(object, OBJ_nid2obj(nid)) == 0; }

bool has_weak_signature(const X509* certificate) {
  constexpr std::array kStrong = {
      NID_ecdsa_with_SHA256, NID_sha256WithRSAEncryption, NID_sha384WithRSAEncryption,
      NID_sha512WithRSAEncryption, NID_ecdsa_with_SHA384, NID_ecdsa_with_SHA512, NID_ED25519,
      NID_rsassaPss,  // the library accepts it with SHA-2 only
  };
  const X509_ALGOR* algorithm = nullptr;
  X509_get0_signature(nullptr, &algorithm, certificate);
  const ASN1_OBJECT* kind = nullptr;
  X509_ALGOR_get0(&kind, nullptr, nullptr, algorithm);
  return std::none_of(kStrong.begin(), kStrong.end(), [&](int nid) { return is_kind(kind, nid); });
}

bool is_p256(const X509* certificate) {
  X509_ALGOR* algorithm = nullptr;
  if (X509_PUBKEY_get0_param(nullptr, nullptr, nullptr, &algorithm,
                             X509_get_X509_PUBKEY(certificate)) != 1) {
    return false;
  }
  const ASN1_OBJECT* kind = nullptr;
  int type = 0;
  const void* curve = nullptr;
  X509_ALGOR_get0(&kind, &type, &curve, algorithm);
  return is_kind(kind, NID_X9_62_id_ecPublicKey) && type == V_ASN1_OBJECT &&
         is_kind(static_cast<const ASN1_OBJECT*>(curve), NID_X9_62_prime256v1);
}

bool has_weak_key(X509* certificate) {
  // The usual key is known by its name, without decoding the point: whoever uses it does.
  if (is_p256(certificate)) return false;
  constexpr int kMinRsaBits = 2048;
  constexpr int kMinCurveBits = 256;
  const bssl::UniquePtr<EVP_PKEY> key(X509_get_pubkey(certificate));
  if (!key) return true;
  switch (EVP_PKEY_id(key.get())) {
    case EVP_PKEY_RSA:
      return EVP_PKEY_bits(key.get()) < kMinRsaBits;
    case EVP_PKEY_EC:
      return EVP_PKEY_bits(key.get()) < kMinCurveBits;
    case EVP_PKEY_ED25519:
      return false;
    default:
      return true;
  }
}

RefusalReason reason_of(int error) {
  switch (error) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
      return RefusalReason::unknown_issuer;
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return RefusalReason::expired;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return RefusalReason::not_yet_valid;
    case X509_V_ERR_INVALID_PURPOSE:
      return RefusalReason::wrong_purpose;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return RefusalReason::wrong_name;
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE:
    case X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY:
      return RefusalReason::bad_signature;
    case X509_V_ERR_CERT_CHAIN_TOO_LONG:
      return RefusalReason::chain_too_long;
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_INVALID_NON_CA:
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION:
    case X509_V_ERR_NAME_CONSTRAINTS_WITHOUT_SANS:
      return RefusalReason::invalid_issuer;
    case X509_V_ERR_INVALID_EXTENSION:
    case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
    case X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD:
    case X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD:
      return RefusalReason::malformed;
    default:
      return RefusalReason::other;
  }
}

// describe turns the library's verdict into a refusal; the certificate at fault may be an issuer.
CertificateRefusal describe(X509_STORE_CTX* context, const crypto::CertificateView& leaf,
                            std::string_view store, const Expectation& expected) {
  const int error = X509_STORE_CTX_get_error(context);
  RefusalReason reason = reason_of(error);
  X509* at_fault = X509_STORE_CTX_get_current_cert(context);
  const auto view = view_of_x509(at_fault);
  const std::string who = view ? "the certificate of " + view->subject : "a certificate";
  std::string text = who + ": " + X509_verify_cert_error_string(error);
  if (reason == RefusalReason::bad_signature && at_fault != nullptr &&
      has_weak_signature(at_fault)) {
    reason = RefusalReason::weak_signature;
    text = who + " is signed with a digest that is no longer safe";
  }
  if (reason == RefusalReason::expired && view)
    text = who + " expired at " + utc_text(view->not_after);
  if (reason == RefusalReason::not_yet_valid && view) {
    text = who + " is not valid before " + utc_text(view->not_before);
  }
  // The library stops looking for issuers at the limit, and says that it found none.
  if (reason == RefusalReason::unknown_issuer &&
      X509_STORE_CTX_get_error_depth(context) >= ChainVerifier::kMaxDepth) {
    reason = RefusalReason::chain_too_long;
    text = "there are more than " + std::to_string(ChainVerifier::kMaxDepth) + " issuers between " +
           leaf.subject + " and a CA of the trust store";
  }
  if (reason == RefusalReason::unknown_issuer) {
    text = "no CA of the trust store " + std::string(store) + " issued " + leaf.subject +
           " (issuer " + leaf.issuer + ")";
  }
  if (reason == RefusalReason::wrong_purpose) {
    text = who + " may not be used for TLS " +
           (expected.role == Expectation::Role::client ? "clients" : "servers");
  }
  if (reason == RefusalReason::wrong_name) {
    text = who + " does not name " + expected.host;
  }
  return refusal_of(reason, std::move(text), leaf);
}

void set_expectation(X509_VERIFY_PARAM* parameters, const Expectation& expected, WallTime now) {
  X509_VERIFY_PARAM_set_time(parameters, now.unix_seconds());
  X509_VERIFY_PARAM_set_depth(parameters, ChainVerifier::kMaxDepth);
  // An anchor is trusted as it stands, also when it is not self-signed, and is preferred over
  // what the peer sent.
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
  const bool is_client = expected.role == Expectation::Role::client;
  SALLYPORT_CHECK(X509_VERIFY_PARAM_set_purpose(
                      parameters, is_client ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER) ==
                  1);
  if (is_client) return;
  // RFC 9525: names are in subjectAltName only, and a wildcard is a whole label.
  X509_VERIFY_PARAM_set_hostflags(
      parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  const auto address = net::Address::parse(expected.host);
  // A host that cannot be set poisons the parameters, so that nothing verifies.
  if (address) {
    X509_VERIFY_PARAM_set1_ip_asc(parameters, expected.host.c_str());
  } else {
    X509_VERIFY_PARAM_set1_host(parameters, expected.host.data(), expected.host.size());
  }
}

// view_of_anchor finds the view that was made when the store was loaded; null for others.
const crypto::CertificateView* view_of_anchor(const X509* certificate, const TrustEntry& entry) {
  for (std::size_t i = 0; i < entry.ca_objects.size(); ++i) {
    if (entry.ca_objects[i].get() == certificate) return &entry.certificates[i];
  }
  return nullptr;
}

const crypto::CertificateView* view_of_presented(const X509* certificate,
                                                 const PresentedChain& chain) {
  if (certificate == chain.leaf.get()) return &chain.view;
  for (const auto& issuer : chain.issuers) {
    if (issuer->certificate.get() == certificate && issuer->view) return &*issuer->view;
  }
  return nullptr;
}

// path_of returns nothing when the library could read what we cannot.
std::optional<CaPath> path_of(const STACK_OF(X509) * found, const PresentedChain& chain,
                              const TrustEntry& entry) {
  CaPath path;
  for (std::size_t i = 0; i < sk_X509_num(found); ++i) {
    const X509* certificate = sk_X509_value(found, i);
    const auto* view = view_of_presented(certificate, chain);
    if (view == nullptr) view = view_of_anchor(certificate, entry);
    if (view == nullptr) return std::nullopt;
    path.add(*view);
  }
  return path;
}

bool is_current(const crypto::CertificateView& view, WallTime now) {
  return now.unix_seconds() >= view.not_before && now.unix_seconds() <= view.not_after;
}

// weakness looks at the keys of the whole path, and at every signature but the anchor's own.
std::optional<CertificateRefusal> weakness(const STACK_OF(X509) * found, const CaPath& path) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    const bool is_anchor = i + 1 == path.size();
    auto weak = weakness_of(sk_X509_value(found, i), path[i],
                            is_anchor ? Signed::trusted : Signed::relied_on);
    if (weak) return refusal_of(weak->reason, std::move(weak->text), path.leaf());
  }
  return std::nullopt;
}

// current_twins are the CAs that are valid at that time, if one of them has the name of one that is
// not: a CA that was renewed stands in a bundle beside what it was. Null: there is no such pair.
bssl::UniquePtr<X509_STORE> current_twins(const TrustEntry& entry, WallTime now) {
  const auto& all = entry.certificates;
  const bool is_there = std::any_of(all.begin(), all.end(), [&](const auto& late) {
    if (is_current(late, now)) return false;
    return std::any_of(all.begin(), all.end(), [&](const auto& other) {
      return is_current(other, now) && other.subject == late.subject;
    });
  });
  if (!is_there) return nullptr;
  bssl::UniquePtr<X509_STORE> current(X509_STORE_new());
  SALLYPORT_CHECK(current);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!is_current(all[i], now)) continue;
    SALLYPORT_CHECK(X509_STORE_add_cert(current.get(), entry.ca_objects[i].get()) == 1);
  }
  return current;
}

std::variant<CaPath, CertificateRefusal> judge_by(X509_STORE* cas, const PresentedChain& chain,
                                                  const TrustEntry& entry, std::string_view store,
                                                  const Expectation& expected, WallTime now) {
  bssl::UniquePtr<X509_STORE_CTX> context(X509_STORE_CTX_new());
  SALLYPORT_CHECK(context && X509_STORE_CTX_init(context.get(), cas, chain.leaf.get(),
                                                 chain.others.get()) == 1);
  set_expectation(X509_STORE_CTX_get0_param(context.get()), expected, now);
  const bool believed = X509_verify_cert(context.get()) == 1;
  ERR_clear_error();
  if (!believed) return describe(context.get(), chain.view, store, expected);

  const STACK_OF(X509)* found = X509_STORE_CTX_get0_chain(context.get());
  auto path = path_of(found, chain, entry);
  if (!path) {
    return refusal_of(RefusalReason::malformed, "an issuer's certificate is malformed", chain.view);
  }
  if (auto weak = weakness(found, *path)) return std::move(*weak);
  return std::move(*path);
}

}  // namespace

CertificateRefusal refusal_of(RefusalReason reason, std::string text,
                              const crypto::CertificateView& leaf) {
  return {reason, std::move(text), leaf.subject, leaf.issuer, leaf.serial};
}

std::optional<CertificateRefusal> weakness_of(X509* certificate,
                                              const crypto::CertificateView& view,
                                              Signed signature) {
  if (has_weak_key(certificate)) {
    return refusal_of(RefusalReason::weak_key,
                      "the certificate of " + view.subject +
                          " has a key below RSA 2048 or P-256, or of an unknown kind",
                      view);
  }
  if (signature == Signed::relied_on && has_weak_signature(certificate)) {
    return refusal_of(
        RefusalReason::weak_signature,
        "the certificate of " + view.subject + " is signed with a digest that is no longer safe",
        view);
  }
  return std::nullopt;
}

std::variant<CaPath, CertificateRefusal> find_ca_path(const PresentedChain& chain,
                                                      const TrustEntry& entry,
                                                      std::string_view store,
                                                      const Expectation& expected, WallTime now) {
  const auto judge = [&](X509_STORE* cas) {
    return judge_by(cas, chain, entry, store, expected, now);
  };
  auto first = judge(entry.cas.get());
  const auto* refusal = std::get_if<CertificateRefusal>(&first);
  const bool is_late = refusal != nullptr && (refusal->reason == RefusalReason::expired ||
                                              refusal->reason == RefusalReason::not_yet_valid);
  if (!is_late) return first;
  // The library takes the first CA of a name and key, whatever its dates.
  if (const auto current = current_twins(entry, now)) {
    auto second = judge(current.get());
    if (second.index() == 0) return second;
  }
  return first;
}

}  // namespace sallyport::tls
