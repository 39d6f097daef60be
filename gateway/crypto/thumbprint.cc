// RFC 7638: the hash of the required members of a JWK, in lexicographic order, without space.

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <array>

#include "gateway/base/check.h"
#include "gateway/crypto/base64.h"
#include "gateway/crypto/bytes.h"
#include "gateway/crypto/public_key.h"

namespace sallyport::crypto {
namespace {

std::string number_text(const BIGNUM* number) {
  std::string bytes(BN_num_bytes(number), '\0');
  BN_bn2bin(number, reinterpret_cast<std::uint8_t*>(bytes.data()));
  return encode_base64url(bytes);
}

std::string rsa_members(EVP_PKEY* key) {
  const RSA* rsa = EVP_PKEY_get0_RSA(key);
  return R"({"e":")" + number_text(RSA_get0_e(rsa)) + R"(","kty":"RSA","n":")" +
         number_text(RSA_get0_n(rsa)) + R"("})";
}

std::string ec_members(EVP_PKEY* key, std::string_view curve) {
  const EC_KEY* ec = EVP_PKEY_get0_EC_KEY(key);
  std::array<std::uint8_t, 1 + 2 * 48> point;
  const std::size_t size =
      EC_POINT_point2oct(EC_KEY_get0_group(ec), EC_KEY_get0_public_key(ec),
                         POINT_CONVERSION_UNCOMPRESSED, point.data(), point.size(), nullptr);
  SALLYPORT_CHECK(size > 1);
  const std::size_t half = (size - 1) / 2;
  return R"({"crv":")" + std::string(curve) + R"(","kty":"EC","x":")" +
         encode_base64url(view_of(point.data() + 1, half)) + R"(","y":")" +
         encode_base64url(view_of(point.data() + 1 + half, half)) + R"("})";
}

// RFC 8037 section 2: crv, kty and x are the required members of an OKP key.
std::string ed25519_members(EVP_PKEY* key) {
  std::array<std::uint8_t, 32> x;
  std::size_t length = x.size();
  SALLYPORT_CHECK(EVP_PKEY_get_raw_public_key(key, x.data(), &length) == 1);
  return R"({"crv":"Ed25519","kty":"OKP","x":")" + encode_base64url(view_of(x)) + R"("})";
}

}  // namespace

Sha256 PublicKey::thumbprint() const {
  switch (type_) {
    case KeyType::rsa:
      return sha256(rsa_members(key_.get()));
    case KeyType::ec_p256:
    case KeyType::ec_p384:
      return sha256(ec_members(key_.get(), to_string(type_)));
    case KeyType::ed25519:
      return sha256(ed25519_members(key_.get()));
  }
  return {};
}

}  // namespace sallyport::crypto
