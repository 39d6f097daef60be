#include "tests/support/test_crl.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/bytestring.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/x509.h>

#include "gateway/base/check.h"
#include "gateway/base/clock.h"
#include "gateway/crypto/bytes.h"

namespace sallyport::test {
namespace {

bssl::UniquePtr<ASN1_TIME> time_of(std::int64_t unix_seconds) {
  bssl::UniquePtr<ASN1_TIME> time(ASN1_TIME_set(nullptr, unix_seconds));
  SALLYPORT_CHECK(time);
  return time;
}

bssl::UniquePtr<X509_REVOKED> revoked(const std::string& serial, std::int64_t when) {
  BIGNUM* number = nullptr;
  SALLYPORT_CHECK(BN_hex2bn(&number, serial.c_str()) > 0);
  const bssl::UniquePtr<BIGNUM> owned(number);
  const bssl::UniquePtr<ASN1_INTEGER> integer(BN_to_ASN1_INTEGER(number, nullptr));
  bssl::UniquePtr<X509_REVOKED> entry(X509_REVOKED_new());
  SALLYPORT_CHECK(integer && entry && X509_REVOKED_set_serialNumber(entry.get(), integer.get()) &&
                  X509_REVOKED_set_revocationDate(entry.get(), time_of(when).get()));
  return entry;
}

void mark_as_delta(X509_CRL* crl) {
  const bssl::UniquePtr<ASN1_OCTET_STRING> value(ASN1_OCTET_STRING_new());
  SALLYPORT_CHECK(ASN1_STRING_set(value.get(), "\x02\x01\x01", 3) == 1);
  const bssl::UniquePtr<X509_EXTENSION> extension(
      X509_EXTENSION_create_by_NID(nullptr, NID_delta_crl, 1, value.get()));
  SALLYPORT_CHECK(extension && X509_CRL_add_ext(crl, extension.get(), -1) == 1);
}

const EVP_MD* digest_of(CertificateDigest digest) {
  if (digest == CertificateDigest::sha1) return EVP_sha1();
  return digest == CertificateDigest::md5 ? EVP_md5() : EVP_sha256();
}

}  // namespace

std::string der_of(const TestCrl& spec, const TestCa& ca) {
  constexpr std::int64_t kHour = 3600;
  const std::int64_t now = wall_now().unix_seconds();
  const std::int64_t from = spec.this_update != 0 ? spec.this_update : now - kHour;
  const std::uint8_t* data = crypto::data_of(ca.der());
  const bssl::UniquePtr<X509> issuer(d2i_X509(nullptr, &data, static_cast<long>(ca.der().size())));
  const bssl::UniquePtr<X509_CRL> crl(X509_CRL_new());
  SALLYPORT_CHECK(crl && issuer && X509_CRL_set_version(crl.get(), 1) &&
                  X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(issuer.get())) &&
                  X509_CRL_set1_lastUpdate(crl.get(), time_of(from).get()));
  if (spec.has_next_update) {
    const std::int64_t to = spec.next_update != 0 ? spec.next_update : now + 24 * kHour;
    SALLYPORT_CHECK(X509_CRL_set1_nextUpdate(crl.get(), time_of(to).get()));
  }
  for (const std::string& serial : spec.serials) {
    SALLYPORT_CHECK(X509_CRL_add0_revoked(crl.get(), revoked(serial, from).release()));
  }
  if (spec.is_delta) mark_as_delta(crl.get());
  SALLYPORT_CHECK(X509_CRL_sign(crl.get(), ca.key().get(), digest_of(spec.digest)) > 0);
  std::uint8_t* der = nullptr;
  const int size = i2d_X509_CRL(crl.get(), &der);
  SALLYPORT_CHECK(size > 0);
  const bssl::UniquePtr<std::uint8_t> owned(der);
  return std::string(crypto::view_of(der, static_cast<std::size_t>(size)));
}

}  // namespace sallyport::test
