#include "gateway/crypto/roca.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/crypto/base64.h"
#include "gateway/crypto/public_key.h"
#include "tests/support/test_key.h"

namespace sallyport::crypto {
namespace {

using test::KeyKind;
using test::TestKey;
using ::testing::HasSubstr;

std::string modulus_of(const TestKey& key) {
  const std::string jwk = key.jwk("k");
  const std::size_t from = jwk.find("\"n\":\"") + 5;
  return *decode_base64url(std::string_view(jwk).substr(from, jwk.find('"', from) - from));
}

TEST(Roca, KnowsKeysMadeLikeThoseOfTheFaultyLibrary) {
  for (int i = 0; i < 3; ++i) {
    const std::string modulus = modulus_of(TestKey::make(KeyKind::roca2048));
    EXPECT_TRUE(has_roca_fingerprint(modulus));
    EXPECT_TRUE(has_roca_fingerprint(std::string(1, '\0') + modulus));
    std::string other = modulus;
    other.back() = static_cast<char>(other.back() ^ 4);
    EXPECT_FALSE(has_roca_fingerprint(other));
  }
}

TEST(Roca, LeavesOtherKeysAlone) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(has_roca_fingerprint(modulus_of(TestKey::make(KeyKind::rsa2048))));
  }
}

TEST(Roca, IsRefusedByAReasonOfItsOwnWhereverAKeyIsRead) {
  const TestKey key = TestKey::make(KeyKind::roca2048);
  const auto spki = PublicKey::from_spki(key.spki_der());
  ASSERT_FALSE(spki);
  EXPECT_THAT(spki.error().text, HasSubstr("ROCA (CVE-2017-15361)"));
  const auto jwk = PublicKey::from_rsa(modulus_of(key), std::string("\x01\0\x01", 3));
  ASSERT_FALSE(jwk);
  EXPECT_EQ(jwk.error().text, spki.error().text);
}

}  // namespace
}  // namespace sallyport::crypto
