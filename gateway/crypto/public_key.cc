#include "gateway/crypto/public_key.h"

#include <openssl/bn.h>
#include <openssl/bytestring.h>
#include <openssl/curve25519.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include <array>
#include <tuple>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/crypto/bytes.h"
#include "gateway/crypto/certificate.h"
#include "gateway/crypto/pem.h"
#include "gateway/crypto/roca.h"

namespace sallyport::crypto {
namespace {

constexpr std::array kAlgorithms{
    std::pair{std::string_view("RS256"), SignatureAlgorithm::rs256},
    std::pair{std::string_view("PS256"), SignatureAlgorithm::ps256},
    std::pair{std::string_view("ES256"), SignatureAlgorithm::es256},
    std::pair{std::string_view("ES384"), SignatureAlgorithm::es384},
    std::pair{std::string_view("EdDSA"), SignatureAlgorithm::eddsa},
    std::pair{std::string_view("Ed25519"), SignatureAlgorithm::eddsa},  // RFC 9864 section 2.2
};

// ClearErrors leaves the library's queue of errors empty, however a function ends.
struct ClearErrors {
  ~ClearErrors() { ERR_clear_error(); }
};

Error unfit(std::string text) { return {Fault::gateway, std::move(text)}; }

std::size_t field_bytes(KeyType curve) { return curve == KeyType::ec_p256 ? 32 : 48; }
int curve_nid(KeyType curve) {
  return curve == KeyType::ec_p256 ? NID_X9_62_prime256v1 : NID_secp384r1;
}

bssl::UniquePtr<BIGNUM> number(std::string_view big_endian) {
  return bssl::UniquePtr<BIGNUM>(BN_bin2bn(data_of(big_endian), big_endian.size(), nullptr));
}

Result<void> check_rsa(const RSA* rsa) {
  const BIGNUM* n = RSA_get0_n(rsa);
  const BIGNUM* e = RSA_get0_e(rsa);
  const unsigned bits = BN_num_bits(n);
  if (bits < PublicKey::kMinRsaBits || bits > PublicKey::kMaxRsaBits) {
    return unfit("the RSA key has " + std::to_string(bits) + " bits; " +
                 std::to_string(PublicKey::kMinRsaBits) + " to " +
                 std::to_string(PublicKey::kMaxRsaBits) + " are accepted");
  }
  if (!BN_is_odd(n)) return unfit("the RSA modulus is even");
  if (!BN_is_odd(e) || BN_is_one(e) || BN_num_bits(e) > 32) {
    return unfit("the RSA exponent is not an odd number from 3 to 2^32");
  }
  std::string modulus(BN_num_bytes(n), '\0');
  BN_bn2bin(n, reinterpret_cast<std::uint8_t*>(modulus.data()));
  if (has_roca_fingerprint(modulus)) {
    return unfit(
        "the RSA key has the fingerprint of ROCA (CVE-2017-15361): anybody can compute its "
        "private key; its owner must make a new one with other software");
  }
  return {};
}

// type_of names the keys that we use, and refuses all others.
Result<KeyType> type_of(EVP_PKEY* key) {
  switch (EVP_PKEY_id(key)) {
    case EVP_PKEY_RSA: {
      auto checked = check_rsa(EVP_PKEY_get0_RSA(key));
      if (!checked) return checked.error();
      return KeyType::rsa;
    }
    case EVP_PKEY_EC:
      switch (EC_GROUP_get_curve_name(EC_KEY_get0_group(EVP_PKEY_get0_EC_KEY(key)))) {
        case NID_X9_62_prime256v1:
          return KeyType::ec_p256;
        case NID_secp384r1:
          return KeyType::ec_p384;
        default:
          return unfit("the key's curve is neither P-256 nor P-384");
      }
    case EVP_PKEY_ED25519:
      return KeyType::ed25519;
    default:
      return unfit("the key is neither RSA, EC nor Ed25519");
  }
}

}  // namespace

std::optional<SignatureAlgorithm> signature_algorithm(std::string_view name) {
  for (const auto& [text, algorithm] : kAlgorithms) {
    if (text == name) return algorithm;
  }
  return std::nullopt;
}

std::string_view to_string(SignatureAlgorithm algorithm) {
  for (const auto& [text, candidate] : kAlgorithms) {
    if (candidate == algorithm) return text;
  }
  return "unknown";
}

std::string_view to_string(KeyType type) {
  switch (type) {
    case KeyType::rsa:
      return "RSA";
    case KeyType::ec_p256:
      return "P-256";
    case KeyType::ec_p384:
      return "P-384";
    case KeyType::ed25519:
      return "Ed25519";
  }
  return "unknown";
}

void PublicKey::KeyFree::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

Result<PublicKey> PublicKey::adopt(Key key) {
  auto type = type_of(key.get());
  if (!type) return type.error();
  return PublicKey(*type, std::move(key));
}

Result<PublicKey> PublicKey::from_rsa(std::string_view modulus, std::string_view exponent) {
  const ClearErrors clear;
  // Some issuers prefix the modulus with a zero byte, against RFC 7518 section 6.3.1.1; the
  // number is the same. The limits keep the library from handling numbers without end.
  constexpr std::size_t kMaxModulusBytes = kMaxRsaBits / 8 + 1;
  if (modulus.size() > kMaxModulusBytes || exponent.size() > 8) {
    return unfit("the RSA modulus or exponent is too long");
  }
  auto n = number(modulus);
  auto e = number(exponent);
  bssl::UniquePtr<RSA> rsa(RSA_new());
  SALLYPORT_CHECK(n && e && rsa);
  SALLYPORT_CHECK(RSA_set0_key(rsa.get(), n.release(), e.release(), nullptr) == 1);
  auto checked = check_rsa(rsa.get());
  if (!checked) return checked.error();

  Key key(EVP_PKEY_new());
  SALLYPORT_CHECK(key && EVP_PKEY_set1_RSA(key.get(), rsa.get()) == 1);
  return PublicKey(KeyType::rsa, std::move(key));
}

Result<PublicKey> PublicKey::from_ec(KeyType curve, std::string_view x, std::string_view y) {
  const ClearErrors clear;
  SALLYPORT_CHECK(curve == KeyType::ec_p256 || curve == KeyType::ec_p384);
  if (x.size() != field_bytes(curve) || y.size() != field_bytes(curve)) {
    return unfit("a coordinate of a " + std::string(to_string(curve)) + " key must have " +
                 std::to_string(field_bytes(curve)) + " bytes");
  }
  auto x_number = number(x);
  auto y_number = number(y);
  bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(curve_nid(curve)));
  SALLYPORT_CHECK(x_number && y_number && ec);
  if (EC_KEY_set_public_key_affine_coordinates(ec.get(), x_number.get(), y_number.get()) != 1) {
    return unfit("the point is not on the curve " + std::string(to_string(curve)));
  }
  Key key(EVP_PKEY_new());
  SALLYPORT_CHECK(key && EVP_PKEY_set1_EC_KEY(key.get(), ec.get()) == 1);
  return PublicKey(curve, std::move(key));
}

Result<PublicKey> PublicKey::from_ed25519(std::string_view x) {
  const ClearErrors clear;
  if (x.size() != ED25519_PUBLIC_KEY_LEN) return unfit("an Ed25519 key must have 32 bytes");
  Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, data_of(x), x.size()));
  SALLYPORT_CHECK(key);
  return PublicKey(KeyType::ed25519, std::move(key));
}

Result<PublicKey> PublicKey::from_spki(std::string_view der) {
  const ClearErrors clear;
  CBS cbs;
  CBS_init(&cbs, data_of(der), der.size());
  Key key(EVP_parse_public_key(&cbs));
  if (!key) return unfit("no public key of a known kind (SubjectPublicKeyInfo)");
  if (CBS_len(&cbs) != 0) return unfit("there are stray bytes after the public key");
  return adopt(std::move(key));
}

Result<PublicKey> PublicKey::from_pem(std::string_view pem) {
  auto blocks = read_pem(pem, 1);
  if (!blocks) return blocks.error();
  if (blocks->size() == 1 && blocks->front().label == "PUBLIC KEY") {
    return from_spki(blocks->front().der);
  }
  if (blocks->size() == 1 && blocks->front().label == "CERTIFICATE") {
    auto spki = certificate_spki(blocks->front().der);
    if (!spki) return spki.error();
    return from_spki(*spki);
  }
  return unfit("there is no PUBLIC KEY or CERTIFICATE block");
}

unsigned PublicKey::bits() const { return static_cast<unsigned>(EVP_PKEY_bits(key_.get())); }

bool PublicKey::fits(SignatureAlgorithm algorithm) const {
  switch (algorithm) {
    case SignatureAlgorithm::rs256:
    case SignatureAlgorithm::ps256:
      return type_ == KeyType::rsa;
    case SignatureAlgorithm::es256:
      return type_ == KeyType::ec_p256;
    case SignatureAlgorithm::es384:
      return type_ == KeyType::ec_p384;
    case SignatureAlgorithm::eddsa:
      return type_ == KeyType::ed25519;
  }
  return false;
}

bool PublicKey::verify(SignatureAlgorithm algorithm, std::string_view message,
                       std::string_view signature) const {
  const ClearErrors clear;
  if (!fits(algorithm)) return false;
  switch (algorithm) {
    case SignatureAlgorithm::rs256:
      return verify_rsa(false, sha256(message), signature);
    case SignatureAlgorithm::ps256:
      return verify_rsa(true, sha256(message), signature);
    case SignatureAlgorithm::es256:
      return verify_ecdsa(as_text(sha256(message)), signature);
    case SignatureAlgorithm::es384: {
      std::array<std::uint8_t, SHA384_DIGEST_LENGTH> digest;
      SHA384(data_of(message), message.size(), digest.data());
      return verify_ecdsa(view_of(digest), signature);
    }
    case SignatureAlgorithm::eddsa:
      return verify_ed25519(message, signature);
  }
  return false;
}

bool PublicKey::verify_rsa(bool pss, const Sha256& digest, std::string_view signature) const {
  RSA* rsa = EVP_PKEY_get0_RSA(key_.get());
  if (!pss) {
    return RSA_verify(NID_sha256, digest.data(), digest.size(), data_of(signature),
                      signature.size(), rsa) == 1;
  }
  // RFC 7518 section 3.5: MGF1 with the same hash, and a salt as long as the hash.
  return RSA_verify_pss_mgf1(rsa, digest.data(), digest.size(), EVP_sha256(), EVP_sha256(),
                             static_cast<int>(digest.size()), data_of(signature),
                             signature.size()) == 1;
}

bool PublicKey::verify_ecdsa(std::string_view digest, std::string_view signature) const {
  // RFC 7518 section 3.4: R and S, each in the full length of the order. ECDSA_do_verify refuses
  // zero and what is not below the order.
  const std::size_t half = field_bytes(type_);
  if (signature.size() != 2 * half) return false;
  auto r = number(signature.substr(0, half));
  auto s = number(signature.substr(half));
  bssl::UniquePtr<ECDSA_SIG> pair(ECDSA_SIG_new());
  if (!r || !s || !pair) return false;
  if (ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return false;
  std::ignore = r.release();
  std::ignore = s.release();
  return ECDSA_do_verify(data_of(digest), digest.size(), pair.get(),
                         EVP_PKEY_get0_EC_KEY(key_.get())) == 1;
}

bool PublicKey::verify_ed25519(std::string_view message, std::string_view signature) const {
  if (signature.size() != ED25519_SIGNATURE_LEN) return false;
  std::array<std::uint8_t, ED25519_PUBLIC_KEY_LEN> x;
  std::size_t length = x.size();
  if (EVP_PKEY_get_raw_public_key(key_.get(), x.data(), &length) != 1) return false;
  return ED25519_verify(data_of(message), message.size(), data_of(signature), x.data()) == 1;
}

}  // namespace sallyport::crypto
