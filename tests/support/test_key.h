#pragma once

// TestKey is a private key made for one test. It signs tokens and certificates.

#include <memory>
#include <string>
#include <string_view>

#include "gateway/crypto/public_key.h"

struct evp_pkey_st;

namespace sallyport::test {

// roca2048 is RSA as the library of CVE-2017-15361 makes it.
enum class KeyKind { rsa1024, rsa2048, roca2048, p256, p384, p521, ed25519 };

// Copies share the key.
class TestKey {
 public:
  static TestKey make(KeyKind kind);

  KeyKind kind() const { return kind_; }
  evp_pkey_st* get() const { return key_.get(); }
  std::string private_pem() const;  // PKCS#8
  std::string public_pem() const;
  std::string spki_der() const;
  crypto::PublicKey public_key() const;
  // jwk is the public key as a JSON object; empty kid, alg or use are left out.
  std::string jwk(std::string_view kid, std::string_view alg = "",
                  std::string_view use = "sig") const;

  // sign returns the signature as a JSON web token carries it, not yet encoded.
  std::string sign(crypto::SignatureAlgorithm algorithm, std::string_view message) const;

 private:
  KeyKind kind_ = KeyKind::p256;
  std::shared_ptr<evp_pkey_st> key_;
};

// sign_jwt returns a compact JWS over the two JSON texts exactly as given, so that a test can lie
// in the header.
std::string sign_jwt(const TestKey& key, crypto::SignatureAlgorithm algorithm,
                     std::string_view header_json, std::string_view payload_json);
// jwks wraps what jwk() returned: jwks({a, b}).
std::string jwks(std::initializer_list<std::string> keys);

}  // namespace sallyport::test
