#include "tests/support/test_key.h"

#include <openssl/bn.h>
#include <openssl/bytestring.h>
#include <openssl/curve25519.h>
#include <openssl/digest.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include <array>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/crypto/base64.h"
#include "gateway/crypto/bytes.h"
#include "gateway/crypto/pem.h"

namespace sallyport::test {
namespace {

using crypto::SignatureAlgorithm;

bssl::UniquePtr<EVP_PKEY> make_rsa(int bits) {
  bssl::UniquePtr<BIGNUM> e(BN_new());
  bssl::UniquePtr<RSA> rsa(RSA_new());
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  SALLYPORT_CHECK(BN_set_word(e.get(), RSA_F4) == 1);
  SALLYPORT_CHECK(RSA_generate_key_ex(rsa.get(), bits, e.get(), nullptr) == 1);
  SALLYPORT_CHECK(EVP_PKEY_set1_RSA(key.get(), rsa.get()) == 1);
  return key;
}

// roca_prime: k times the product of the primes to 701, plus a power of 65537 modulo that product.
bssl::UniquePtr<BIGNUM> roca_prime(BN_CTX* context) {
  const bssl::UniquePtr<BIGNUM> product(BN_new()), base(BN_new()), exponent(BN_new()), k(BN_new());
  bssl::UniquePtr<BIGNUM> prime(BN_new());
  SALLYPORT_CHECK(BN_set_word(product.get(), 2) && BN_set_word(base.get(), 65537));
  for (BN_ULONG number = 3; number <= 701; number += 2) {
    bool is_prime = true;
    for (BN_ULONG factor = 3; factor * factor <= number; factor += 2) {
      is_prime = is_prime && number % factor != 0;
    }
    if (is_prime) SALLYPORT_CHECK(BN_mul_word(product.get(), number) == 1);
  }
  SALLYPORT_CHECK(BN_rand_range(exponent.get(), product.get()) == 1);
  SALLYPORT_CHECK(BN_mod_exp(base.get(), base.get(), exponent.get(), product.get(), context) == 1);
  // Both top bits set, for a product of twice the length.
  SALLYPORT_CHECK(BN_set_word(k.get(), 3) && BN_lshift(k.get(), k.get(), 1022) &&
                  BN_div(k.get(), nullptr, k.get(), product.get(), context));
  int is_prime = 0;
  while (is_prime == 0) {
    SALLYPORT_CHECK(BN_add_word(k.get(), 1) &&
                    BN_mul(prime.get(), k.get(), product.get(), context) &&
                    BN_add(prime.get(), prime.get(), base.get()));
    SALLYPORT_CHECK(
        BN_primality_test(&is_prime, prime.get(), BN_prime_checks, context, 1, nullptr));
  }
  return prime;
}

bssl::UniquePtr<EVP_PKEY> make_roca() {
  const bssl::UniquePtr<BN_CTX> context(BN_CTX_new());
  auto p = roca_prime(context.get()), q = roca_prime(context.get());
  if (BN_cmp(p.get(), q.get()) < 0) std::swap(p, q);
  bssl::UniquePtr<BIGNUM> n(BN_new()), e(BN_new()), d(BN_new()), inverse(BN_new());
  bssl::UniquePtr<BIGNUM> p1(BN_dup(p.get())), q1(BN_dup(q.get())), order(BN_new());
  SALLYPORT_CHECK(BN_set_word(e.get(), RSA_F4) && BN_sub_word(p1.get(), 1) &&
                  BN_sub_word(q1.get(), 1) && BN_mul(n.get(), p.get(), q.get(), context.get()) &&
                  BN_mul(order.get(), p1.get(), q1.get(), context.get()) &&
                  BN_mod_inverse(d.get(), e.get(), order.get(), context.get()) &&
                  BN_mod_inverse(inverse.get(), q.get(), p.get(), context.get()) &&
                  BN_mod(p1.get(), d.get(), p1.get(), context.get()) &&
                  BN_mod(q1.get(), d.get(), q1.get(), context.get()));
  const bssl::UniquePtr<RSA> rsa(RSA_new());
  SALLYPORT_CHECK(RSA_set0_key(rsa.get(), n.release(), e.release(), d.release()) == 1);
  SALLYPORT_CHECK(RSA_set0_factors(rsa.get(), p.release(), q.release()) == 1);
  SALLYPORT_CHECK(RSA_set0_crt_params(rsa.get(), p1.release(), q1.release(), inverse.release()) ==
                  1);
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  SALLYPORT_CHECK(EVP_PKEY_set1_RSA(key.get(), rsa.get()) == 1);
  return key;
}

bssl::UniquePtr<EVP_PKEY> make_ec(int curve) {
  bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(curve));
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  SALLYPORT_CHECK(EC_KEY_generate_key(ec.get()) == 1);
  SALLYPORT_CHECK(EVP_PKEY_set1_EC_KEY(key.get(), ec.get()) == 1);
  return key;
}

bssl::UniquePtr<EVP_PKEY> make_ed25519() {
  std::array<std::uint8_t, 32> public_key;
  std::array<std::uint8_t, 64> private_key;
  ED25519_keypair(public_key.data(), private_key.data());
  return bssl::UniquePtr<EVP_PKEY>(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, private_key.data(), 32));
}

bssl::UniquePtr<EVP_PKEY> make_key(KeyKind kind) {
  switch (kind) {
    case KeyKind::rsa1024:
      return make_rsa(1024);
    case KeyKind::rsa2048:
      return make_rsa(2048);
    case KeyKind::roca2048:
      return make_roca();
    case KeyKind::p256:
      return make_ec(NID_X9_62_prime256v1);
    case KeyKind::p384:
      return make_ec(NID_secp384r1);
    case KeyKind::p521:
      return make_ec(NID_secp521r1);
    case KeyKind::ed25519:
      return make_ed25519();
  }
  return nullptr;
}

template <class Write>
std::string der_of(Write write) {
  bssl::ScopedCBB cbb;
  std::uint8_t* data = nullptr;
  std::size_t size = 0;
  SALLYPORT_CHECK(CBB_init(cbb.get(), 512) && write(cbb.get()));
  SALLYPORT_CHECK(CBB_finish(cbb.get(), &data, &size) == 1);
  const bssl::UniquePtr<std::uint8_t> owned(data);
  return std::string(crypto::view_of(data, size));
}

std::string ecdsa_raw(EVP_PKEY* key, std::string_view digest, std::size_t half) {
  const bssl::UniquePtr<ECDSA_SIG> pair(
      ECDSA_do_sign(crypto::data_of(digest), digest.size(), EVP_PKEY_get0_EC_KEY(key)));
  std::string out(2 * half, '\0');
  auto* to = reinterpret_cast<std::uint8_t*>(out.data());
  SALLYPORT_CHECK(pair && BN_bn2bin_padded(to, half, ECDSA_SIG_get0_r(pair.get())) == 1);
  SALLYPORT_CHECK(BN_bn2bin_padded(to + half, half, ECDSA_SIG_get0_s(pair.get())) == 1);
  return out;
}

std::string evp_sign(EVP_PKEY* key, const EVP_MD* digest, bool pss, std::string_view message) {
  bssl::ScopedEVP_MD_CTX context;
  EVP_PKEY_CTX* options = nullptr;
  SALLYPORT_CHECK(EVP_DigestSignInit(context.get(), &options, digest, nullptr, key) == 1);
  if (pss) {
    SALLYPORT_CHECK(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1);
    SALLYPORT_CHECK(EVP_PKEY_CTX_set_rsa_pss_saltlen(options, -1) == 1);
  }
  std::size_t size = 1024;
  std::string out(size, '\0');
  SALLYPORT_CHECK(EVP_DigestSign(context.get(), reinterpret_cast<std::uint8_t*>(out.data()), &size,
                                 crypto::data_of(message), message.size()) == 1);
  out.resize(size);
  return out;
}

std::string number(const BIGNUM* value) {
  std::string bytes(BN_num_bytes(value), '\0');
  BN_bn2bin(value, reinterpret_cast<std::uint8_t*>(bytes.data()));
  return crypto::encode_base64url(bytes);
}

std::string members(EVP_PKEY* key, KeyKind kind) {
  if (kind == KeyKind::rsa1024 || kind == KeyKind::rsa2048 || kind == KeyKind::roca2048) {
    const RSA* rsa = EVP_PKEY_get0_RSA(key);
    return R"("kty":"RSA","n":")" + number(RSA_get0_n(rsa)) + R"(","e":")" +
           number(RSA_get0_e(rsa)) + '"';
  }
  if (kind == KeyKind::ed25519) {
    std::array<std::uint8_t, 32> x;
    std::size_t size = x.size();
    SALLYPORT_CHECK(EVP_PKEY_get_raw_public_key(key, x.data(), &size) == 1);
    return R"("kty":"OKP","crv":"Ed25519","x":")" + crypto::encode_base64url(crypto::view_of(x)) +
           '"';
  }
  const EC_KEY* ec = EVP_PKEY_get0_EC_KEY(key);
  std::array<std::uint8_t, 133> point;
  const std::size_t size =
      EC_POINT_point2oct(EC_KEY_get0_group(ec), EC_KEY_get0_public_key(ec),
                         POINT_CONVERSION_UNCOMPRESSED, point.data(), point.size(), nullptr);
  const std::size_t half = (size - 1) / 2;
  const std::string curve = half == 32 ? "P-256" : half == 48 ? "P-384" : "P-521";
  return R"("kty":"EC","crv":")" + curve + R"(","x":")" +
         crypto::encode_base64url(crypto::view_of(point.data() + 1, half)) + R"(","y":")" +
         crypto::encode_base64url(crypto::view_of(point.data() + 1 + half, half)) + '"';
}

std::string member(std::string_view name, std::string_view value) {
  if (value.empty()) return "";
  return ",\"" + std::string(name) + "\":\"" + std::string(value) + '"';
}

}  // namespace

TestKey TestKey::make(KeyKind kind) {
  TestKey key;
  key.kind_ = kind;
  key.key_ = std::shared_ptr<evp_pkey_st>(make_key(kind).release(), EVP_PKEY_free);
  SALLYPORT_CHECK(key.key_);
  return key;
}

std::string TestKey::private_pem() const {
  return crypto::write_pem(
      "PRIVATE KEY", der_of([this](CBB* out) { return EVP_marshal_private_key(out, get()) == 1; }));
}

std::string TestKey::spki_der() const {
  return der_of([this](CBB* out) { return EVP_marshal_public_key(out, get()) == 1; });
}

std::string TestKey::public_pem() const { return crypto::write_pem("PUBLIC KEY", spki_der()); }

crypto::PublicKey TestKey::public_key() const {
  auto key = crypto::PublicKey::from_spki(spki_der());
  SALLYPORT_CHECK(key);
  return std::move(*key);
}

std::string TestKey::jwk(std::string_view kid, std::string_view alg, std::string_view use) const {
  return "{" + members(get(), kind_) + member("kid", kid) + member("alg", alg) +
         member("use", use) + "}";
}

std::string TestKey::sign(SignatureAlgorithm algorithm, std::string_view message) const {
  switch (algorithm) {
    case SignatureAlgorithm::rs256:
      return evp_sign(get(), EVP_sha256(), false, message);
    case SignatureAlgorithm::ps256:
      return evp_sign(get(), EVP_sha256(), true, message);
    case SignatureAlgorithm::eddsa:
      return evp_sign(get(), nullptr, false, message);
    case SignatureAlgorithm::es256:
      return ecdsa_raw(get(), crypto::as_text(crypto::sha256(message)), 32);
    case SignatureAlgorithm::es384: {
      std::array<std::uint8_t, SHA384_DIGEST_LENGTH> digest;
      SHA384(crypto::data_of(message), message.size(), digest.data());
      return ecdsa_raw(get(), crypto::view_of(digest), 48);
    }
  }
  return "";
}

std::string sign_jwt(const TestKey& key, SignatureAlgorithm algorithm, std::string_view header_json,
                     std::string_view payload_json) {
  const std::string signed_part =
      crypto::encode_base64url(header_json) + "." + crypto::encode_base64url(payload_json);
  return signed_part + "." + crypto::encode_base64url(key.sign(algorithm, signed_part));
}

std::string jwks(std::initializer_list<std::string> keys) {
  std::string out = R"({"keys":[)";
  for (const std::string& key : keys) out += (out.back() == '[' ? "" : ",") + key;
  return out + "]}";
}

}  // namespace sallyport::test
