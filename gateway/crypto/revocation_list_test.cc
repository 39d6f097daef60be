#include "gateway/crypto/revocation_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/clock.h"
#include "gateway/crypto/certificate.h"
#include "gateway/crypto/pem.h"
#include "tests/support/test_crl.h"

namespace sallyport::crypto {
namespace {

using test::CertificateDigest;
using test::TestCa;
using test::TestCrl;
using testing::HasSubstr;

const TestCa& ca() {
  static const TestCa instance("Listing CA");
  return instance;
}

std::string problem(const TestCrl& crl) {
  const auto read = read_revocation_list(der_of(crl, ca()));
  return read ? "(none)" : read.error().text;
}

TEST(RevocationList, IsReadFromDerAndPem) {
  const std::string der = der_of({.serials = {"0a1b", "01", "ff00ff"}}, ca());
  for (const std::string& file : {der, write_pem("X509 CRL", der)}) {
    const auto list = read_revocation_list(file);
    ASSERT_TRUE(list) << list.error().text;
    EXPECT_EQ(list->issuer, "CN=Listing CA");
    EXPECT_EQ(list->serials.size(), 3U);
    EXPECT_EQ(list->serials.contains("0a1b"), true);
    EXPECT_EQ(list->serials.contains("01"), true);
    EXPECT_EQ(list->serials.contains("ff00ff"), true);
    EXPECT_EQ(list->serials.contains("02"), false);
    EXPECT_GT(list->next_update, wall_now().unix_seconds());
    EXPECT_LT(list->this_update, wall_now().unix_seconds());
    EXPECT_EQ(list->sha256, sha256(der));
  }
}

TEST(RevocationList, MayBeEmpty) {
  const auto list = read_revocation_list(der_of({}, ca()));
  ASSERT_TRUE(list) << list.error().text;
  EXPECT_EQ(list->serials.size(), 0U);
  EXPECT_EQ(list->serials.contains("01"), false);
}

TEST(RevocationList, IsSignedByItsIssuerAndNobodyElse) {
  const auto list = read_revocation_list(der_of({.serials = {"01"}}, ca()));
  ASSERT_TRUE(list);
  EXPECT_TRUE(signed_by(*list, *certificate_spki(ca().der())));
  EXPECT_FALSE(signed_by(*list, *certificate_spki(TestCa("Listing CA").der())));
  EXPECT_FALSE(signed_by(*list, "no key"));
  auto altered = *list;
  altered.signed_der.back() ^= 1;
  EXPECT_FALSE(signed_by(altered, *certificate_spki(ca().der())));
}

TEST(RevocationList, MustBeSignedWithASafeDigest) {
  const auto list = read_revocation_list(der_of({.digest = CertificateDigest::sha1}, ca()));
  ASSERT_TRUE(list);
  EXPECT_FALSE(signed_by(*list, *certificate_spki(ca().der())));
}

TEST(RevocationList, IsRefusedWhenItSaysLessThanItSeems) {
  EXPECT_THAT(problem({.has_next_update = false}), HasSubstr("no nextUpdate"));
  EXPECT_THAT(problem({.is_delta = true}), HasSubstr("delta list"));
}

TEST(RevocationList, IsRefusedWhenMalformed) {
  const std::string der = der_of({.serials = {"01"}}, ca());
  EXPECT_FALSE(read_revocation_list(""));
  EXPECT_FALSE(read_revocation_list("no list"));
  EXPECT_FALSE(read_revocation_list(ca().certificate_pem()));
  EXPECT_FALSE(read_revocation_list(der + "x"));
  for (std::size_t cut = 1; cut < der.size(); cut += 7) {
    EXPECT_FALSE(read_revocation_list(std::string_view(der).substr(0, cut))) << cut;
  }
}

TEST(SerialSet, TakesWhatRfc5280Allows) {
  SerialSet set;
  EXPECT_TRUE(set.add(std::string(20, '\x7f')));
  EXPECT_TRUE(set.add(std::string("\0\x80", 2)));
  EXPECT_FALSE(set.add(std::string(21, '\x7f')));
  EXPECT_FALSE(set.add(""));
  set.seal();
  EXPECT_EQ(set.contains("80"), true);
  EXPECT_EQ(set.contains(std::string(40, '7')), false);
  EXPECT_EQ(set.contains(std::string(42, '7')), std::nullopt);
  EXPECT_EQ(set.contains("8"), std::nullopt);
  EXPECT_EQ(set.contains("zz"), std::nullopt);
}

}  // namespace
}  // namespace sallyport::crypto
