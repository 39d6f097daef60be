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
  EXPECT_THAT(problem({.serials = {"01"}, .has_certificate_issuer = true}),
              HasSubstr("an indirect list: an entry is of another issuer (certificateIssuer)"));
  EXPECT_THAT(problem({.other_critical_oid = "1.2.3.4"}), HasSubstr("not known (1.2.3.4)"));
}

TEST(RevocationList, IsRefusedForItsScopeByName) {
  const std::vector<std::pair<test::IssuingPoint, std::string>> points{
      {{.indirect = true}, "indirectCRL"},
      {{.some_reasons = true}, "onlySomeReasons"},
      {{.attributes = true}, "onlyContainsAttributeCerts"},
      {{.users = true, .cas = true}, "onlyContainsUserCerts and onlyContainsCACerts together"}};
  for (const auto& [point, name] : points) {
    for (const bool is_critical : {true, false}) {
      EXPECT_THAT(problem({.issuing_point = issuing_point(point), .is_critical = is_critical}),
                  HasSubstr(name));
    }
  }
  for (const std::string& value :
       {std::string("\x30\x03\x81\x01"), std::string("x"), std::string("\x30\x02\xa0\x00", 4),
        std::string("\x30\x04\xa0\x02\xa0\x00", 6), std::string("\x30\x03\x81\x01\x01")}) {
    EXPECT_THAT(problem({.issuing_point = value}),
                HasSubstr("its issuingDistributionPoint is malformed"));
  }
}

TEST(RevocationList, SaysWhatItCovers) {
  const auto scope_of = [](const test::IssuingPoint& point) {
    return describe(
        read_revocation_list(der_of({.issuing_point = issuing_point(point)}, ca()))->scope);
  };
  EXPECT_EQ(scope_of({}), "all certificates");
  EXPECT_EQ(scope_of({.cas = true}), "CA certificates");
  EXPECT_EQ(scope_of({.uris = {"http://x/1\n"}}),
            "all certificates that name the distribution point http://x/1\uFFFD");
  EXPECT_EQ(scope_of({.relative_common_name = "L1"}),
            "all certificates that name the distribution point CN=L1,CN=Listing CA");
}

TEST(RevocationList, MayBeSignedWithPss) {
  const TestCa rsa(test::CertificateSpec{.common_name = "RSA", .key = test::KeyKind::rsa2048});
  const auto spki = rsa.key().spki_der();
  auto list = read_revocation_list(der_of({.is_pss = true}, rsa));
  ASSERT_TRUE(list) << list.error().text;
  EXPECT_TRUE(signed_by(*list, spki));
  EXPECT_FALSE(signed_by(*list, *certificate_spki(ca().der())));
  list->signature.back() ^= 1;
  EXPECT_FALSE(signed_by(*list, spki));
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
