#include "modules/bearer/known_keys.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "modules/bearer/jwks.h"
#include "tests/support/test_key.h"

namespace sallyport::bearer {
namespace {

constexpr std::array kAll{Algorithm::rs256, Algorithm::es256, Algorithm::eddsa};

// The public halves as their owners print them.
constexpr std::string_view kRfc7515Rsa =
    R"({"kty":"RSA","kid":"a2","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W2)"
    "6mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_"
    "YpRPEwOWvG6b32690r2jZ47soMZ"
    "o9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-"
    "UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZl"
    "xvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_"
    "h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWy"
    R"(uXpoQ"})";
constexpr std::string_view kRfc7515Ec =
    R"({"kty":"EC","kid":"a3","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";
constexpr std::string_view kRfc7517Ec =
    R"({"kty":"EC","kid":"1","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",)"
    R"("y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"})";
constexpr std::string_view kRfc8037 =
    R"({"kty":"OKP","kid":"ed","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";

TEST(KnownKeys, AreRefusedWhereTheyWouldHarm) {
  const std::string good = test::TestKey::make(test::KeyKind::p256).jwk("good");
  for (const std::string_view known : {kRfc7515Rsa, kRfc7515Ec, kRfc7517Ec, kRfc8037}) {
    const auto keys = parse_jwks(test::jwks({good, std::string(known)}), kAll, 1);
    ASSERT_TRUE(keys) << keys.error().text;
    ASSERT_EQ(keys->skipped().size(), 1U) << known;
    EXPECT_EQ(keys->skipped().front().label, "known_private_key");
  }
}

TEST(KnownKeys, ThatCanBeComputedAreRefusedByAReasonOfTheirOwn) {
  const std::string good = test::TestKey::make(test::KeyKind::p256).jwk("good");
  const std::string roca = test::TestKey::make(test::KeyKind::roca2048).jwk("card");
  const auto keys = parse_jwks(test::jwks({good, roca}), kAll, 1);
  ASSERT_TRUE(keys) << keys.error().text;
  ASSERT_EQ(keys->skipped().size(), 1U);
  EXPECT_EQ(keys->skipped().front().label, "roca_key");
  EXPECT_NE(keys->skipped().front().why.find("CVE-2017-15361"), std::string_view::npos);
}

TEST(KnownKeys, AreUsedAndToldOfInASandbox) {
  const auto keys = parse_jwks(test::jwks({std::string(kRfc8037)}), kAll, 1, KnownKeys::use);
  ASSERT_TRUE(keys) << keys.error().text;
  EXPECT_EQ(keys->find("ed")->known_from, "RFC 8037 appendix A.1");
}

TEST(KnownKeys, AreNoOthers) {
  const auto key = test::TestKey::make(test::KeyKind::p256).public_key();
  EXPECT_EQ(known_private_key(key.thumbprint()), "");
}

}  // namespace
}  // namespace sallyport::bearer
