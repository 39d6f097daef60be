#pragma once

// PublicKey is a key that verifies signatures of JSON web tokens (RFC 7518 section 3.1, RFC 8037).
// Its type decides which algorithms it can be used with; a token's header never does.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/crypto/digest.h"

struct evp_pkey_st;

namespace sallyport::crypto {

enum class SignatureAlgorithm : std::uint8_t { rs256, ps256, es256, es384, eddsa };

// signature_algorithm reads the value of "alg"; nullopt for "none", HMAC and all that we do not
// speak. Ed25519 (RFC 9864) is EdDSA: there is no other curve here.
std::optional<SignatureAlgorithm> signature_algorithm(std::string_view name);
std::string_view to_string(SignatureAlgorithm algorithm);

enum class KeyType : std::uint8_t { rsa, ec_p256, ec_p384, ed25519 };
std::string_view to_string(KeyType type);

// Move-only and immutable; a const PublicKey may be used by several threads.
class PublicKey {
 public:
  static constexpr unsigned kMinRsaBits = 2048;
  static constexpr unsigned kMaxRsaBits = 8192;

  // The makers below fail with the fault of whoever is named by the caller: the text says what is
  // wrong with the key, not where it came from.

  // from_rsa takes the big-endian "n" and "e" of a JWK: 2048 to 8192 bits, an odd exponent of
  // 3 to 2^32, without the fingerprint of ROCA (see roca.h).
  static Result<PublicKey> from_rsa(std::string_view modulus, std::string_view exponent);
  // from_ec takes ec_p256 or ec_p384 and the coordinates, each in exactly the length of the field
  // (RFC 7518 section 6.2.1.2); the point must be on the curve.
  static Result<PublicKey> from_ec(KeyType curve, std::string_view x, std::string_view y);
  // from_ed25519 takes the 32 bytes of "x" of an OKP key.
  static Result<PublicKey> from_ed25519(std::string_view x);
  // from_spki reads a DER SubjectPublicKeyInfo, whole; from_pem one "PUBLIC KEY" or
  // "CERTIFICATE" block.
  static Result<PublicKey> from_spki(std::string_view der);
  static Result<PublicKey> from_pem(std::string_view pem);

  KeyType type() const { return type_; }
  unsigned bits() const;
  bool fits(SignatureAlgorithm algorithm) const;

  // verify says whether `signature` (raw, as decoded from the token) was made over `message` with
  // this key and algorithm. False for an algorithm that does not fit the key.
  bool verify(SignatureAlgorithm algorithm, std::string_view message,
              std::string_view signature) const;

  // thumbprint is the SHA-256 JWK thumbprint, RFC 7638.
  Sha256 thumbprint() const;

 private:
  struct KeyFree {
    void operator()(evp_pkey_st* key) const;
  };
  using Key = std::unique_ptr<evp_pkey_st, KeyFree>;

  PublicKey(KeyType type, Key key) : type_(type), key_(std::move(key)) {}
  static Result<PublicKey> adopt(Key key);

  bool verify_rsa(bool pss, const Sha256& digest, std::string_view signature) const;
  bool verify_ecdsa(std::string_view digest, std::string_view signature) const;
  bool verify_ed25519(std::string_view message, std::string_view signature) const;

  KeyType type_;
  Key key_;
};

}  // namespace sallyport::crypto
