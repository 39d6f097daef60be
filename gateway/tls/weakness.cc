#include "gateway/tls/weakness.h"

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/obj.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "gateway/crypto/roca.h"
#include "gateway/tls/ca_path.h"

namespace sallyport::tls {
namespace {

// is_kind compares without OBJ_obj2nid, which takes a lock and searches all that the library knows.
bool is_kind(const ASN1_OBJECT* object, int nid) { return OBJ_cmp(object, OBJ_nid2obj(nid)) == 0; }

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

bool has_roca(const RSA* rsa) {
  const BIGNUM* n = RSA_get0_n(rsa);
  std::string modulus(BN_num_bytes(n), '\0');
  BN_bn2bin(n, reinterpret_cast<std::uint8_t*>(modulus.data()));
  return crypto::has_roca_fingerprint(modulus);
}

// key_weakness returns weak_key or roca_key.
std::optional<RefusalReason> key_weakness(X509* certificate) {
  // The usual key is known by its name, without decoding the point: whoever uses it does.
  if (is_p256(certificate)) return std::nullopt;
  constexpr int kMinRsaBits = 2048;
  constexpr int kMinCurveBits = 256;
  const bssl::UniquePtr<EVP_PKEY> key(X509_get_pubkey(certificate));
  const int kind = key ? EVP_PKEY_id(key.get()) : EVP_PKEY_NONE;
  const int bits = key ? EVP_PKEY_bits(key.get()) : 0;
  if (kind == EVP_PKEY_RSA && bits >= kMinRsaBits) {
    if (has_roca(EVP_PKEY_get0_RSA(key.get()))) return RefusalReason::roca_key;
    return std::nullopt;
  }
  if (kind == EVP_PKEY_ED25519 || (kind == EVP_PKEY_EC && bits >= kMinCurveBits)) {
    return std::nullopt;
  }
  return RefusalReason::weak_key;
}

std::string_view says(RefusalReason weakness) {
  return weakness == RefusalReason::roca_key
             ? " has an RSA key with the fingerprint of ROCA (CVE-2017-15361): anybody can compute "
               "its private key; its owner must make a new one with other software"
             : " has a key below RSA 2048 or P-256, or of an unknown kind";
}

}  // namespace

bool has_weak_signature(const X509* certificate) {
  constexpr std::array kStrong = {
      NID_ecdsa_with_SHA256,
      NID_sha256WithRSAEncryption,
      NID_sha384WithRSAEncryption,
      NID_sha512WithRSAEncryption,
      NID_ecdsa_with_SHA384,
      NID_ecdsa_with_SHA512,
      NID_ED25519,
      NID_rsassaPss,  // the library accepts it with SHA-2 only
  };
  const X509_ALGOR* algorithm = nullptr;
  X509_get0_signature(nullptr, &algorithm, certificate);
  const ASN1_OBJECT* kind = nullptr;
  X509_ALGOR_get0(&kind, nullptr, nullptr, algorithm);
  return std::none_of(kStrong.begin(), kStrong.end(), [&](int nid) { return is_kind(kind, nid); });
}

std::optional<CertificateRefusal> weakness_of(X509* certificate,
                                              const crypto::CertificateView& view,
                                              Signed signature) {
  const std::string who = "the certificate of " + view.subject;
  if (const auto weak = key_weakness(certificate)) {
    return refusal_of(*weak, who + std::string(says(*weak)), view);
  }
  if (signature == Signed::relied_on && has_weak_signature(certificate)) {
    return refusal_of(RefusalReason::weak_signature,
                      who + " is signed with a digest that is no longer safe", view);
  }
  return std::nullopt;
}

}  // namespace sallyport::tls
