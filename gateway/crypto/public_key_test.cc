#include "gateway/crypto/public_key.h"

#include <gtest/gtest.h>
#include <openssl/digest.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "gateway/crypto/base64.h"
#include "gateway/crypto/bytes.h"
#include "gateway/crypto/pem.h"
#include "tests/support/test_ca.h"

namespace sallyport::crypto {
namespace {

using test::KeyKind;
using test::TestKey;
using Algorithm = SignatureAlgorithm;

std::string bytes(std::string_view base64url) {
  auto decoded = decode_base64url(base64url);
  EXPECT_TRUE(decoded) << base64url;
  return decoded.value_or("");
}

// verifies splits a compact JWS.
bool verifies(const PublicKey& key, Algorithm algorithm, std::string_view jws) {
  const std::size_t dot = jws.rfind('.');
  return key.verify(algorithm, jws.substr(0, dot), bytes(jws.substr(dot + 1)));
}

constexpr std::string_view kRfc7515Payload =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
    "fQ";
constexpr std::string_view kRfc7515Modulus =
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4"
    "d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5re"
    "xMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxX"
    "FvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";

PublicKey ec_key_of_rfc7515() {
  auto key =
      PublicKey::from_ec(KeyType::ec_p256, bytes("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
                         bytes("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"));
  EXPECT_TRUE(key);
  return std::move(*key);
}

TEST(PublicKey, VerifiesTheRsaExampleOfRfc7515) {
  const auto key = PublicKey::from_rsa(bytes(kRfc7515Modulus), bytes("AQAB"));
  ASSERT_TRUE(key);
  const std::string jws =
      "eyJhbGciOiJSUzI1NiJ9." + std::string(kRfc7515Payload) +
      ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp"
      "5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHl"
      "b1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9Q"
      "OYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
  EXPECT_TRUE(verifies(*key, Algorithm::rs256, jws));
  EXPECT_FALSE(verifies(*key, Algorithm::ps256, jws));
  EXPECT_FALSE(verifies(*key, Algorithm::rs256, "x" + jws));
}

TEST(PublicKey, VerifiesTheEcExampleOfRfc7515) {
  const std::string jws =
      "eyJhbGciOiJFUzI1NiJ9." + std::string(kRfc7515Payload) +
      ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
  EXPECT_TRUE(verifies(ec_key_of_rfc7515(), Algorithm::es256, jws));
  EXPECT_FALSE(verifies(ec_key_of_rfc7515(), Algorithm::es256, "x" + jws));
}

TEST(PublicKey, VerifiesTheEd25519ExampleOfRfc8037) {
  const auto key = PublicKey::from_ed25519(bytes("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"));
  ASSERT_TRUE(key);
  const std::string jws =
      "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcv"
      "Mg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
  EXPECT_TRUE(verifies(*key, Algorithm::eddsa, jws));
  EXPECT_FALSE(verifies(*key, Algorithm::eddsa, "x" + jws));
  EXPECT_EQ(encode_base64url(as_text(key->thumbprint())),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

TEST(PublicKey, HasTheThumbprintOfRfc7638) {
  const auto key = PublicKey::from_rsa(
      bytes(
          "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
          "BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
          "FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI"
          "4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"),
      bytes("AQAB"));
  ASSERT_TRUE(key);
  EXPECT_EQ(encode_base64url(as_text(key->thumbprint())),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

TEST(PublicKey, HasTheThumbprintOfTheMembersOfItsJwk) {
  const std::string members =
      R"({"crv":"P-256","kty":"EC","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
      R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";
  EXPECT_EQ(ec_key_of_rfc7515().thumbprint(), sha256(members));
}

struct Family {
  KeyKind kind;
  std::vector<Algorithm> algorithms;
};
const std::vector<Family> kFamilies = {
    {KeyKind::rsa2048, {Algorithm::rs256, Algorithm::ps256}},
    {KeyKind::p256, {Algorithm::es256}},
    {KeyKind::p384, {Algorithm::es384}},
    {KeyKind::ed25519, {Algorithm::eddsa}},
};
constexpr std::array kAllAlgorithms{Algorithm::rs256, Algorithm::ps256, Algorithm::es256,
                                    Algorithm::es384, Algorithm::eddsa};

TEST(PublicKey, FitsItsOwnFamilyOnly) {
  for (const Family& family : kFamilies) {
    const PublicKey key = TestKey::make(family.kind).public_key();
    for (const Algorithm algorithm : kAllAlgorithms) {
      const auto& own = family.algorithms;
      const bool expected = std::find(own.begin(), own.end(), algorithm) != own.end();
      EXPECT_EQ(key.fits(algorithm), expected) << to_string(key.type()) << to_string(algorithm);
    }
  }
}

TEST(PublicKey, VerifiesItsFamilyAndNothingElse) {
  for (const Family& family : kFamilies) {
    const TestKey signer = TestKey::make(family.kind);
    const PublicKey key = signer.public_key();
    const PublicKey other = TestKey::make(family.kind).public_key();
    for (const Algorithm algorithm : family.algorithms) {
      const std::string signature = signer.sign(algorithm, "message");
      EXPECT_TRUE(key.verify(algorithm, "message", signature)) << to_string(algorithm);
      EXPECT_FALSE(key.verify(algorithm, "massage", signature)) << to_string(algorithm);
      EXPECT_FALSE(other.verify(algorithm, "message", signature)) << to_string(algorithm);
      EXPECT_FALSE(key.verify(algorithm, "message", signature + '\0')) << to_string(algorithm);
      EXPECT_FALSE(key.verify(algorithm, "message", "")) << to_string(algorithm);
      EXPECT_FALSE(key.verify(algorithm, "message", signature.substr(1))) << to_string(algorithm);
      for (const Algorithm wrong : kAllAlgorithms) {
        if (wrong != algorithm) {
          EXPECT_FALSE(key.verify(wrong, "message", signature));
        }
      }
    }
  }
}

TEST(PublicKey, RefusesTheDerFormOfAnEcdsaSignature) {
  const TestKey signer = TestKey::make(KeyKind::p256);
  const std::string raw = signer.sign(Algorithm::es256, "message");
  const std::string der = "\x30\x44\x02\x20" + raw.substr(0, 32) + "\x02\x20" + raw.substr(32);
  EXPECT_FALSE(signer.public_key().verify(Algorithm::es256, "message", der));
}

TEST(PublicKey, RefusesZeroAndTheOrderInAnEcdsaSignature) {
  const PublicKey key = TestKey::make(KeyKind::p256).public_key();
  const std::string zero(32, '\0');
  std::string one(32, '\0');
  one.back() = 1;
  const std::string order =
      "\xff\xff\xff\xff" + zero.substr(0, 4) +
      "\xff\xff\xff\xff\xff\xff\xff\xff\xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9\xca\xc2\xfc\x63\x25"
      "\x51";
  ASSERT_EQ(order.size(), 32U);
  for (const std::string& r : {zero, one, order}) {
    for (const std::string& s : {zero, one, order}) {
      EXPECT_FALSE(key.verify(Algorithm::es256, "message", r + s));
    }
  }
}

// pss_signature signs over SHA-256 with a salt of `salt` bytes.
std::string pss_signature(const TestKey& key, std::string_view message, int salt) {
  const Sha256 digest = sha256(message);
  std::array<std::uint8_t, 256> out;
  std::size_t size = 0;
  EXPECT_EQ(RSA_sign_pss_mgf1(EVP_PKEY_get0_RSA(key.get()), &size, out.data(), out.size(),
                              digest.data(), digest.size(), EVP_sha256(), EVP_sha256(), salt),
            1);
  return std::string(view_of(out.data(), size));
}

TEST(PublicKey, RefusesPssWithASaltOfAnotherLength) {
  const TestKey signer = TestKey::make(KeyKind::rsa2048);
  const PublicKey key = signer.public_key();
  EXPECT_TRUE(key.verify(Algorithm::ps256, "m", pss_signature(signer, "m", 32)));
  for (const int salt : {0, 20, 31, 33, 64}) {
    EXPECT_FALSE(key.verify(Algorithm::ps256, "m", pss_signature(signer, "m", salt))) << salt;
  }
}

TEST(PublicKey, RefusesShortRsaKeys) {
  const TestKey weak = TestKey::make(KeyKind::rsa1024);
  const auto key = PublicKey::from_spki(weak.spki_der());
  ASSERT_FALSE(key);
  EXPECT_NE(key.error().text.find("1024 bits"), std::string::npos) << key.error().text;
  EXPECT_FALSE(PublicKey::from_rsa(std::string(255, '\xff'), bytes("AQAB")));
  EXPECT_FALSE(PublicKey::from_rsa("", bytes("AQAB")));
}

TEST(PublicKey, RefusesEndlessRsaKeys) {
  EXPECT_TRUE(PublicKey::from_rsa(std::string(1024, '\xff'), bytes("AQAB")));
  EXPECT_FALSE(PublicKey::from_rsa(std::string(1025, '\xff'), bytes("AQAB")));
  EXPECT_FALSE(PublicKey::from_rsa(std::string(100000, '\xff'), bytes("AQAB")));
}

TEST(PublicKey, RefusesOddRsaExponents) {
  const std::string modulus = bytes(kRfc7515Modulus);
  EXPECT_TRUE(PublicKey::from_rsa(modulus, "\x03"));
  EXPECT_TRUE(PublicKey::from_rsa(modulus, "\xff\xff\xff\xff"));
  for (const std::string& e : {std::string(), std::string(1, '\0'), std::string("\x01"),
                               std::string("\x02"), std::string("\x01\x00\x00", 3),
                               std::string("\x01\x00\x00\x00\x01", 5), std::string(1000, '\xff')}) {
    EXPECT_FALSE(PublicKey::from_rsa(modulus, e)) << e.size();
  }
}

TEST(PublicKey, RefusesAnEvenModulus) {
  std::string modulus = bytes(kRfc7515Modulus);
  modulus.back() = static_cast<char>(modulus.back() & ~1);
  EXPECT_FALSE(PublicKey::from_rsa(modulus, bytes("AQAB")));
}

TEST(PublicKey, TakesAModulusWithALeadingZeroAsTheSameKey) {
  const std::string modulus = bytes(kRfc7515Modulus);
  const auto plain = PublicKey::from_rsa(modulus, bytes("AQAB"));
  const auto padded = PublicKey::from_rsa('\0' + modulus, bytes("AQAB"));
  ASSERT_TRUE(plain && padded);
  EXPECT_EQ(plain->thumbprint(), padded->thumbprint());
}

TEST(PublicKey, RefusesPointsThatAreNotOnTheCurve) {
  const std::string x = bytes("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
  std::string y = bytes("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
  ASSERT_TRUE(PublicKey::from_ec(KeyType::ec_p256, x, y));
  y.back() ^= 1;
  EXPECT_FALSE(PublicKey::from_ec(KeyType::ec_p256, x, y));
  EXPECT_FALSE(PublicKey::from_ec(KeyType::ec_p256, std::string(32, '\0'), std::string(32, '\0')));
  EXPECT_FALSE(
      PublicKey::from_ec(KeyType::ec_p256, std::string(32, '\xff'), std::string(32, '\xff')));
}

TEST(PublicKey, RefusesCoordinatesOfAnotherLength) {
  const std::string x = bytes("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
  const std::string y = bytes("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
  EXPECT_FALSE(PublicKey::from_ec(KeyType::ec_p256, '\0' + x, y));
  EXPECT_FALSE(PublicKey::from_ec(KeyType::ec_p256, x, y.substr(1)));
  EXPECT_FALSE(PublicKey::from_ec(KeyType::ec_p384, x, y));
  EXPECT_FALSE(PublicKey::from_ed25519(x.substr(1)));
  EXPECT_FALSE(PublicKey::from_ed25519(x + '\0'));
}

TEST(PublicKey, IsReadFromPem) {
  const TestKey signer = TestKey::make(KeyKind::p384);
  const auto key = PublicKey::from_pem(signer.public_pem());
  ASSERT_TRUE(key);
  EXPECT_EQ(key->type(), KeyType::ec_p384);
  EXPECT_EQ(key->bits(), 384U);
  EXPECT_EQ(key->thumbprint(), signer.public_key().thumbprint());
}

TEST(PublicKey, IsReadFromACertificate) {
  const test::TestCa ca("root");
  const auto key = PublicKey::from_pem(ca.certificate_pem());
  ASSERT_TRUE(key);
  EXPECT_EQ(key->thumbprint(), ca.key().public_key().thumbprint());
}

TEST(PublicKey, RefusesOtherPem) {
  const TestKey key = TestKey::make(KeyKind::p256);
  EXPECT_FALSE(PublicKey::from_pem(""));
  EXPECT_FALSE(PublicKey::from_pem("no key"));
  EXPECT_FALSE(PublicKey::from_pem(key.private_pem()));
  EXPECT_FALSE(PublicKey::from_pem(key.public_pem() + key.public_pem()));
  EXPECT_FALSE(PublicKey::from_spki(key.spki_der() + "x"));
  EXPECT_FALSE(PublicKey::from_spki(TestKey::make(KeyKind::p521).spki_der()));
}

TEST(SignatureAlgorithm, KnowsNeitherNoneNorHmac) {
  EXPECT_EQ(signature_algorithm("RS256"), Algorithm::rs256);
  EXPECT_EQ(signature_algorithm("EdDSA"), Algorithm::eddsa);
  EXPECT_EQ(signature_algorithm("Ed25519"), Algorithm::eddsa);
  EXPECT_EQ(to_string(Algorithm::eddsa), "EdDSA");
  for (std::string_view name : {"none", "None", "", "HS256", "rs256", "RS1", "ES256K", "RS256 ",
                                "Ed448", "ed25519", "ESP256"}) {
    EXPECT_FALSE(signature_algorithm(name)) << name;
  }
}

// Returns the string member `name` of the JSON text; good enough for files that we know.
std::string member(const std::string& json, const std::string& name) {
  const std::size_t at = json.find("\"" + name + "\": \"");
  if (at == std::string::npos) return "";
  const std::size_t from = at + name.size() + 5;
  return json.substr(from, json.find('"', from) - from);
}

std::string vector_file(const std::string& name) {
  const char* named = std::getenv("SALLYPORT_VECTORS");
  const std::filesystem::path folder = named != nullptr ? named : SALLYPORT_VECTORS;
  std::ifstream file(folder / "jose-rfc7520" / name);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(PublicKeyVectors, VerifiesTheCookbook) {
  const std::string rsa = vector_file("jws/4_1.rsa_v15_signature.json");
  const std::string ed25519 = vector_file("curve25519/jws.json");
  if (rsa.empty() || ed25519.empty()) {
    GTEST_SKIP() << "no vectors; set SALLYPORT_VECTORS to the folder that has jose-rfc7520/";
  }
  const auto rsa_key = PublicKey::from_rsa(bytes(member(rsa, "n")), bytes(member(rsa, "e")));
  ASSERT_TRUE(rsa_key);
  EXPECT_TRUE(verifies(*rsa_key, Algorithm::rs256, member(rsa, "compact")));
  // Section 4.2 is PS384, which we do not speak: it must not pass for PS256.
  const std::string pss = vector_file("jws/4_2.rsa-pss_signature.json");
  EXPECT_FALSE(verifies(*rsa_key, Algorithm::ps256, member(pss, "compact")));
  EXPECT_FALSE(signature_algorithm(member(pss, "alg")));

  const auto okp_key = PublicKey::from_ed25519(bytes(member(ed25519, "x")));
  ASSERT_TRUE(okp_key);
  EXPECT_TRUE(verifies(*okp_key, Algorithm::eddsa, member(ed25519, "compact")));
}

}  // namespace
}  // namespace sallyport::crypto
