#include "modules/bearer/jwks.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

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

TEST(Jwks, LetsNoUnusableTwinTakeAnIdAway) {
  const TestKey good = TestKey::make(KeyKind::p256);
  for (const std::string& twin :
       {jwk(KeyKind::p256, "twin", "", "enc"), jwk(KeyKind::rsa1024, "twin"),
        jwk(KeyKind::p521, "twin"), jwk(KeyKind::rsa2048, "twin", "RSA-OAEP-256"),
        std::string(R"({"kty":"oct","kid":"twin","k":"AQAB"})"),
        std::string(R"({"kty":"RSA","kid":"twin"})")}) {
    for (const auto& document :
         {test::jwks({good.jwk("twin"), twin}), test::jwks({twin, good.jwk("twin")})}) {
      const auto keys = parse_jwks(document, kAll, 1);
      ASSERT_TRUE(keys) << twin;
      ASSERT_NE(keys->find("twin"), nullptr) << twin;
      EXPECT_EQ(keys->find("twin")->thumbprint, good.public_key().thumbprint()) << twin;
      EXPECT_EQ(keys->skipped().size(), 1U) << twin;
    }
  }
}

TEST(Jwks, CountsTheSameKeyOnce) {
  const TestKey key = TestKey::make(KeyKind::rsa2048);
  const auto keys = parse_jwks(
      test::jwks({key.jwk("k", "RS256"), key.jwk("k", "PS256", ""), key.jwk("k", "RS256"),
                  key.jwk("k", "RS256", "enc"), key.jwk("other", "RS256")}),
      kAll, 1);
  ASSERT_TRUE(keys) << keys.error().text;
  EXPECT_EQ(keys->size(), 2U);
  ASSERT_NE(keys->find("k"), nullptr);
  EXPECT_TRUE(keys->find("k")->is_for(Algorithm::rs256));
  EXPECT_TRUE(keys->find("k")->is_for(Algorithm::ps256));
  EXPECT_FALSE(keys->find("other")->is_for(Algorithm::ps256));
  ASSERT_EQ(keys->skipped().size(), 1U);
  EXPECT_EQ(keys->skipped().front().label, "use");
}

TEST(Jwks, SaysWhyTwoKeysOfOneIdAreRefused) {
  const auto reading =
      read_jwks(test::jwks({jwk(KeyKind::p256, "k"), jwk(KeyKind::rsa2048, "k")}), kAll);
  ASSERT_TRUE(reading);
  EXPECT_TRUE(reading->keys.empty());
  ASSERT_EQ(reading->skipped.size(), 2U);
  EXPECT_EQ(reading->skipped.front().label, "kid_duplicate");
  EXPECT_EQ(reading->skipped.front().id, "k");
}

// Wherever the private half stands, and for whatever it says that it is: anybody can sign with it.
TEST(Jwks, RefusesAKeyWhosePrivateHalfStandsElsewhereInTheDocument) {
  const TestKey lost = TestKey::make(KeyKind::p256);
  for (const std::string& twin :
       {with(lost.jwk("k"), R"("d":"AQAB")"), with(lost.jwk("other"), R"("d":"AQAB")"),
        with(lost.jwk("", "", "enc"), R"("d":"AQAB")"),
        std::string(R"({"kty":"EC","kid":"k","d":"AQAB"})")}) {
    const auto keys =
        parse_jwks(test::jwks({lost.jwk("k"), twin, jwk(KeyKind::p256, "good")}), kAll, 1);
    ASSERT_TRUE(keys);
    EXPECT_EQ(keys->find("k"), nullptr) << twin;
    EXPECT_NE(keys->find("good"), nullptr) << twin;
    for (const SkippedKey& skipped : keys->skipped()) {
      EXPECT_EQ(skipped.label, skipped.id.empty() ? "kid_missing" : "private_key") << twin;
    }
  }
}

TEST(Jwks, TakesEd25519ForEdDsa) {
  const auto keys = parse_jwks(
      test::jwks({jwk(KeyKind::ed25519, "ed1", "Ed25519"), jwk(KeyKind::ed25519, "ed2", "EdDSA")}),
      kAll, 1);
  ASSERT_TRUE(keys) << keys.error().text;
  EXPECT_TRUE(keys->find("ed1")->is_for(Algorithm::eddsa));
  EXPECT_TRUE(keys->find("ed2")->is_for(Algorithm::eddsa));
  EXPECT_EQ(why_skipped(jwk(KeyKind::ed25519, "k", "Ed448")),
            "its algorithm is not among the allowed ones");
  EXPECT_EQ(why_skipped(jwk(KeyKind::p256, "k", "Ed25519")),
            "its algorithm is not among the allowed ones");
}

// AWS's load balancer takes ten keys; some issuers publish more, with certificate chains.
TEST(Jwks, TakesALargeDocument) {
  std::vector<std::string> all;
  const std::string chain = R"("x5c":[")" + std::string(3500, 'A') + "\"]";
  for (int i = 0; i < 60; ++i) {
    all.push_back(with(jwk(KeyKind::p256, "k" + std::to_string(i)), chain));
  }
  std::string document = R"({"keys":[)" + all.front();
  for (std::size_t i = 1; i < all.size(); ++i) document += "," + all[i];
  document += "]}";
  ASSERT_GT(document.size(), 200U * 1024U);
  const auto keys = parse_jwks(document, kAll, 1);
  ASSERT_TRUE(keys) << keys.error().text;
  EXPECT_EQ(keys->size(), 60U);
  EXPECT_NE(keys->find("k59"), nullptr);
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
            "key set: no usable key among 2; a: kty is not RSA, EC or OKP; (without kid): kid is "
            "missing, empty or not a string");
  EXPECT_EQ(error_of(R"({"keys":[1,1,1,1,1,1,1,1,1,1]})").substr(0, 36),
            "key set: no usable key among 10; (wi");
  EXPECT_TRUE(error_of(R"({"keys":[1,1,1,1,1,1,1,1,1,1]})").ends_with("; and 2 more"));
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
