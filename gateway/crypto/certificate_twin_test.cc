#include "gateway/crypto/certificate_twin.h"

#include <gtest/gtest.h>
#include <openssl/x509.h>

#include "gateway/crypto/bytes.h"
#include "gateway/crypto/certificate.h"
#include "tests/support/test_ca.h"

namespace sallyport::crypto {
namespace {

using test::CertificateSpec;
using test::KeyKind;
using test::TestCa;

bool is_good(const std::string& der, const TestCa& ca) {
  const std::uint8_t* data = data_of(der);
  const bssl::UniquePtr<X509> parsed(d2i_X509(nullptr, &data, static_cast<long>(der.size())));
  return parsed && X509_verify(parsed.get(), ca.key().get()) == 1;
}

class Twin : public ::testing::TestWithParam<KeyKind> {};

INSTANTIATE_TEST_SUITE_P(Curve, Twin,
                         ::testing::Values(KeyKind::p256, KeyKind::p384, KeyKind::p521));

// The numbers differ from certificate to certificate, and so do the lengths of their DER.
TEST_P(Twin, VerifiesAndSaysTheSame) {
  const TestCa ca(CertificateSpec{.common_name = "CA", .key = GetParam()});
  for (int i = 0; i < 20; ++i) {
    const std::string one = ca.issue({}).der;
    const auto other = certificate_twin(one);
    ASSERT_TRUE(other);
    EXPECT_TRUE(is_good(one, ca));
    EXPECT_TRUE(is_good(*other, ca));
    EXPECT_NE(*other, one);
    EXPECT_EQ(certificate_twin(*other), one);
    EXPECT_EQ(twin_digest(one), sha256(*other));
    EXPECT_EQ(twin_digest(*other), sha256(one));
    const auto view = view_certificate(one), twin = view_certificate(*other);
    ASSERT_TRUE(view && twin);
    EXPECT_EQ(view->serial, twin->serial);
    EXPECT_EQ(view->spki_sha256, twin->spki_sha256);
  }
}

TEST(Twins, AreOfEcdsaOnly) {
  for (const KeyKind kind : {KeyKind::rsa2048, KeyKind::ed25519}) {
    const TestCa ca(CertificateSpec{.common_name = "CA", .key = kind});
    EXPECT_FALSE(certificate_twin(ca.issue({}).der));
    EXPECT_FALSE(twin_digest(ca.issue({}).der));
  }
  EXPECT_FALSE(certificate_twin(""));
  EXPECT_FALSE(certificate_twin("no certificate"));
}

}  // namespace
}  // namespace sallyport::crypto
