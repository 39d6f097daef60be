#include "modules/bearer/jwks.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "gateway/base/text.h"
#include "tests/support/test_key.h"

namespace sallyport::bearer {
namespace {

using test::KeyKind;
using test::TestKey;

constexpr std::array kAll{Algorithm::rs256, Algorithm::ps256, Algorithm::es256, Algorithm::es384,
                          Algorithm::eddsa};

std::string jwk(KeyKind kind, std::string_view kid, std::string_view alg = "",
                std::string_view use = "sig") {
  return TestKey::make(kind).jwk(kid, alg, use);
}

// with adds members to a key's text.
std::string with(std::string key, std::string_view members) {
  return key.insert(key.size() - 1, "," + std::string(members));
}

// why_skipped parses the key next to a good one and returns why it was left out.
std::string why_skipped(const std::string& key, std::span<const Algorithm> allowed = kAll) {
  const auto keys = parse_jwks(test::jwks({jwk(KeyKind::p256, "good", "ES256"), key}), allowed, 1);
  if (!keys) return "error: " + keys.error().text;
  if (keys->skipped().empty()) return "used";
  return std::string(keys->skipped().front().why);
}

std::string error_of(std::string_view document) {
  const auto keys = parse_jwks(document, kAll, 1);
  return keys ? "accepted" : keys.error().text;
}

TEST(Jwks, FindsEachKeyByItsId) {
  const auto keys = parse_jwks(
      test::jwks({jwk(KeyKind::p256, "b"), jwk(KeyKind::ed25519, "a"), jwk(KeyKind::rsa2048, "c")}),
      kAll, 7);
  ASSERT_TRUE(keys) << keys.error().text;
  EXPECT_EQ(keys->size(), 3U);
  EXPECT_EQ(keys->epoch(), 7U);
  ASSERT_NE(keys->find("a"), nullptr);
  EXPECT_EQ(keys->find("a")->key->type(), crypto::KeyType::ed25519);
  ASSERT_NE(keys->find("c"), nullptr);
  EXPECT_EQ(keys->find("c")->key->type(), crypto::KeyType::rsa);
  EXPECT_EQ(keys->find("d"), nullptr);
  EXPECT_EQ(keys->find(""), nullptr);
}

TEST(Jwks, UsesAKeyForItsOwnAlgorithmOnly) {
  const auto keys = parse_jwks(
      test::jwks({jwk(KeyKind::rsa2048, "open"), jwk(KeyKind::rsa2048, "pss", "PS256")}), kAll, 1);
  ASSERT_TRUE(keys);
  EXPECT_TRUE(keys->find("open")->is_for(Algorithm::rs256));
  EXPECT_TRUE(keys->find("open")->is_for(Algorithm::ps256));
  EXPECT_FALSE(keys->find("open")->is_for(Algorithm::es256));
  EXPECT_TRUE(keys->find("pss")->is_for(Algorithm::ps256));
  EXPECT_FALSE(keys->find("pss")->is_for(Algorithm::rs256));
}

TEST(Jwks, SkipsKeysOfAlgorithmsThatAreNotAllowed) {
  constexpr std::array kOnlyEs256{Algorithm::es256};
  const std::string_view why = "its algorithm is not among the allowed ones";
  EXPECT_EQ(why_skipped(jwk(KeyKind::rsa2048, "k"), kOnlyEs256), why);
  EXPECT_EQ(why_skipped(jwk(KeyKind::p384, "k"), kOnlyEs256), why);
  EXPECT_EQ(why_skipped(jwk(KeyKind::p256, "k"), kOnlyEs256), "used");
  EXPECT_EQ(why_skipped(jwk(KeyKind::p256, "k", "ES384")), why);
  EXPECT_EQ(why_skipped(jwk(KeyKind::rsa2048, "k", "RS512")), why);
}

TEST(Jwks, SkipsKeysWithoutUsableId) {
  EXPECT_EQ(why_skipped(jwk(KeyKind::p256, "")), "kid is missing, empty or not a string");
  EXPECT_EQ(why_skipped(jwk(KeyKind::p256, std::string(257, 'k'))), "kid is longer than 256 bytes");
}

TEST(Jwks, UsesNoneOfTheKeysThatShareAnId) {
  const auto keys = parse_jwks(test::jwks({jwk(KeyKind::p256, "twin"), jwk(KeyKind::p256, "single"),
                                           jwk(KeyKind::p256, "twin")}),
                               kAll, 1);
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->find("twin"), nullptr);
  EXPECT_NE(keys->find("single"), nullptr);
  EXPECT_EQ(keys->skipped().size(), 2U);
}

TEST(Jwks, CountsAnUnusableTwinToo) {
  const auto keys = parse_jwks(test::jwks({jwk(KeyKind::p256, "twin"), jwk(KeyKind::p256, "single"),
                                           jwk(KeyKind::p256, "twin", "", "enc")}),
                               kAll, 1);
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->find("twin"), nullptr);
}

TEST(Jwks, SkipsEncryptionKeys) {
  EXPECT_EQ(why_skipped(jwk(KeyKind::p256, "k", "", "enc")), "not for verifying signatures");
  EXPECT_EQ(why_skipped(with(jwk(KeyKind::p256, "k", "", ""), R"("key_ops":["encrypt"])")),
            "not for verifying signatures");
  EXPECT_EQ(why_skipped(with(jwk(KeyKind::p256, "k", "", ""), R"("key_ops":"verify")")),
            "not for verifying signatures");
  EXPECT_EQ(why_skipped(with(jwk(KeyKind::p256, "k", "", ""), R"("key_ops":["sign","verify"])")),
            "used");
  EXPECT_EQ(why_skipped(jwk(KeyKind::p256, "k", "", "")), "used");
}

TEST(Jwks, RefusesKeysWhosePrivateHalfIsPublished) {
  for (const std::string_view name : {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}) {
    const std::string member = "\"" + std::string(name) + "\":\"AQAB\"";
    EXPECT_EQ(why_skipped(with(jwk(KeyKind::rsa2048, "k"), member)),
              "the private key is published: it must be replaced")
        << name;
  }
}

TEST(Jwks, SkipsSymmetricAndUnknownKeyTypes) {
  EXPECT_EQ(why_skipped(R"({"kty":"XYZ","kid":"k"})"), "kty is not RSA, EC or OKP");
  EXPECT_EQ(why_skipped(R"({"kid":"k"})"), "kty is not RSA, EC or OKP");
  EXPECT_EQ(why_skipped(R"({"kty":"oct","kid":"k"})"), "kty is not RSA, EC or OKP");
}

TEST(Jwks, SkipsWeakRsaKeys) {
  EXPECT_EQ(why_skipped(jwk(KeyKind::rsa1024, "k")),
            "RSA key is not of 2048 to 8192 bits with a sound exponent");
}

TEST(Jwks, SkipsOtherCurves) {
  EXPECT_EQ(why_skipped(jwk(KeyKind::p521, "k")), "curve is neither P-256 nor P-384");
  EXPECT_EQ(why_skipped(R"({"kty":"OKP","crv":"X25519","kid":"k","x":"AAAA"})"),
            "curve is not Ed25519");
}

TEST(Jwks, SkipsPointsThatAreNotOnTheCurve) {
  const std::string zero(43, 'A');
  EXPECT_EQ(why_skipped(R"({"kty":"EC","crv":"P-256","kid":"k","x":")" + zero + R"(","y":")" +
                        zero + R"("})"),
            "x and y are no point on the curve");
}

TEST(Jwks, SkipsKeysWithMissingParameters) {
  EXPECT_EQ(why_skipped(R"({"kty":"RSA","kid":"k","e":"AQAB"})"),
            "n or e is missing or not strict base64url");
  EXPECT_EQ(why_skipped(R"({"kty":"EC","crv":"P-256","kid":"k","x":"AQ=="})"),
            "x or y is missing or not strict base64url");
  EXPECT_EQ(why_skipped(R"({"kty":"OKP","crv":"Ed25519","kid":"k"})"),
            "x is missing or not strict base64url");
  EXPECT_EQ(why_skipped(R"({"kty":"OKP","crv":"Ed25519","kid":"k","x":"AQAB"})"),
            "x is no Ed25519 key of 32 bytes");
}

TEST(Jwks, SkipsWhatIsNoObject) { EXPECT_EQ(why_skipped("\"key\""), "not an object"); }

TEST(Jwks, HidesIdsThatCannotBeShown) {
  const auto keys = parse_jwks(
      test::jwks({jwk(KeyKind::p256, "good"), R"({"kty":"XYZ","kid":"line\nbreak"})"}), kAll, 1);
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->skipped().front().id, "(unprintable)");
}

TEST(Jwks, RefusesADocumentThatIsNoKeySet) {
  EXPECT_NE(error_of("<html>"), "accepted");
  EXPECT_EQ(error_of("[]"), "key set: not an object with an array `keys`");
  EXPECT_EQ(error_of("{}"), "key set: not an object with an array `keys`");
  EXPECT_EQ(error_of(R"({"keys":{}})"), "key set: not an object with an array `keys`");
}

TEST(Jwks, RefusesASetWithoutUsableKey) {
  EXPECT_EQ(error_of(R"({"keys":[]})"), "key set: no usable key among 0");
  EXPECT_EQ(error_of(R"({"keys":[{"kty":"oct","kid":"a"},{}]})"),
            "key set: no usable key among 2; the first: kty is not RSA, EC or OKP");
}

TEST(Jwks, LimitsTheNumberOfKeys) {
  std::string document = R"({"keys":[)" + jwk(KeyKind::p256, "k");
  for (std::size_t i = 1; i < kMaxKeys; ++i) document += ",{}";
  EXPECT_EQ(error_of(document + "]}"), "accepted");
  EXPECT_EQ(error_of(document + ",{}]}"), "key set: more than 64 keys");
}

TEST(Jwks, LimitsTheSizeOfTheDocument) {
  const std::string document = test::jwks({jwk(KeyKind::p256, "k")});
  EXPECT_EQ(error_of(document + std::string(kMaxJwksBytes - document.size(), ' ')), "accepted");
  EXPECT_NE(error_of(document + std::string(kMaxJwksBytes, ' ')), "accepted");
}

}  // namespace
}  // namespace sallyport::bearer
