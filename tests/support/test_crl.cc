#include "tests/support/test_crl.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/bytestring.h>
#include <openssl/digest.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/obj.h>
#include <openssl/rsa.h>
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

bssl::UniquePtr<X509_EXTENSION> extension(const ASN1_OBJECT* oid, bool is_critical,
                                          std::string_view value) {
  const bssl::UniquePtr<ASN1_OCTET_STRING> octets(ASN1_OCTET_STRING_new());
  SALLYPORT_CHECK(ASN1_STRING_set(octets.get(), value.data(), static_cast<int>(value.size())) == 1);
  bssl::UniquePtr<X509_EXTENSION> made(
      X509_EXTENSION_create_by_OBJ(nullptr, oid, is_critical ? 1 : 0, octets.get()));
  SALLYPORT_CHECK(made);
  return made;
}

void add_extensions(X509_CRL* crl, const TestCrl& spec) {
  const auto add = [&](const ASN1_OBJECT* oid, bool is_critical, std::string_view value) {
    SALLYPORT_CHECK(X509_CRL_add_ext(crl, extension(oid, is_critical, value).get(), -1) == 1);
  };
  if (spec.is_delta) add(OBJ_nid2obj(NID_delta_crl), true, "\x02\x01\x01");
  if (!spec.issuing_point.empty()) {
    add(OBJ_nid2obj(NID_issuing_distribution_point), spec.is_critical, spec.issuing_point);
  }
  if (spec.other_critical_oid.empty()) return;
  const bssl::UniquePtr<ASN1_OBJECT> oid(OBJ_txt2obj(spec.other_critical_oid.c_str(), 1));
  SALLYPORT_CHECK(oid);
  add(oid.get(), true, "\x05");
}

unsigned context(unsigned tag, bool is_constructed = false) {
  return CBS_ASN1_CONTEXT_SPECIFIC | (is_constructed ? CBS_ASN1_CONSTRUCTED : 0) | tag;
}

void add_text(CBB* to, unsigned tag, std::string_view text) {
  CBB child;
  SALLYPORT_CHECK(CBB_add_asn1(to, &child, tag) &&
                  CBB_add_bytes(&child, crypto::data_of(text), text.size()) && CBB_flush(to));
}

void add_point(CBB* to, const IssuingPoint& spec) {
  if (spec.uris.empty() && spec.relative_common_name.empty()) return;
  CBB point, names, attribute;
  const bool is_relative = !spec.relative_common_name.empty();
  SALLYPORT_CHECK(CBB_add_asn1(to, &point, context(0, true)) &&
                  CBB_add_asn1(&point, &names, context(is_relative ? 1 : 0, true)));
  for (const std::string& uri : spec.uris) add_text(&names, context(6), uri);
  if (is_relative) {
    SALLYPORT_CHECK(CBB_add_asn1(&names, &attribute, CBS_ASN1_SEQUENCE) &&
                    OBJ_nid2cbb(&attribute, NID_commonName));
    add_text(&attribute, CBS_ASN1_UTF8STRING, spec.relative_common_name);
  }
  SALLYPORT_CHECK(CBB_flush(to));
}

const EVP_MD* digest_of(CertificateDigest digest) {
  if (digest == CertificateDigest::sha1) return EVP_sha1();
  return digest == CertificateDigest::md5 ? EVP_md5() : EVP_sha256();
}

void sign(X509_CRL* crl, const TestCrl& spec, const TestCa& ca) {
  if (!spec.is_pss) {
    SALLYPORT_CHECK(X509_CRL_sign(crl, ca.key().get(), digest_of(spec.digest)) > 0);
    return;
  }
  bssl::ScopedEVP_MD_CTX context;
  EVP_PKEY_CTX* settings = nullptr;
  SALLYPORT_CHECK(EVP_DigestSignInit(context.get(), &settings, digest_of(spec.digest), nullptr,
                                     ca.key().get()) == 1 &&
                  EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) == 1 &&
                  EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, -1) == 1 &&
                  X509_CRL_sign_ctx(crl, context.get()) > 0);
}

}  // namespace

std::string issuing_point(const IssuingPoint& spec) {
  bssl::ScopedCBB out;
  CBB sequence;
  std::uint8_t* data = nullptr;
  std::size_t size = 0;
  SALLYPORT_CHECK(CBB_init(out.get(), 64) && CBB_add_asn1(out.get(), &sequence, CBS_ASN1_SEQUENCE));
  add_point(&sequence, spec);
  if (spec.users) add_text(&sequence, context(1), "\xff");
  if (spec.cas) add_text(&sequence, context(2), "\xff");
  if (spec.some_reasons) add_text(&sequence, context(3), "\x06\x40");
  if (spec.indirect) add_text(&sequence, context(4), "\xff");
  if (spec.attributes) add_text(&sequence, context(5), "\xff");
  SALLYPORT_CHECK(CBB_finish(out.get(), &data, &size) == 1);
  const bssl::UniquePtr<std::uint8_t> owned(data);
  return std::string(crypto::view_of(data, size));
}

std::string crl_points_of(const std::vector<CrlPoint>& points) {
  bssl::ScopedCBB out;
  CBB sequence, point;
  std::uint8_t* data = nullptr;
  std::size_t size = 0;
  SALLYPORT_CHECK(CBB_init(out.get(), 64) && CBB_add_asn1(out.get(), &sequence, CBS_ASN1_SEQUENCE));
  for (const CrlPoint& spec : points) {
    SALLYPORT_CHECK(CBB_add_asn1(&sequence, &point, CBS_ASN1_SEQUENCE) == 1);
    add_point(&point, {.uris = spec.uris, .relative_common_name = spec.relative_common_name});
    if (spec.some_reasons) add_text(&point, context(1), "\x06\x40");
    if (spec.other_issuer) add_text(&point, context(2, true), "\x82\x01x");
    SALLYPORT_CHECK(CBB_flush(&sequence) == 1);
  }
  SALLYPORT_CHECK(CBB_finish(out.get(), &data, &size) == 1);
  const bssl::UniquePtr<std::uint8_t> owned(data);
  return std::string(crypto::view_of(data, size));
}

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
    auto entry = revoked(serial, from);
    if (spec.has_certificate_issuer) {
      const auto other = extension(OBJ_nid2obj(NID_certificate_issuer), false, "\x30");
      SALLYPORT_CHECK(X509_REVOKED_add_ext(entry.get(), other.get(), -1) == 1);
    }
    SALLYPORT_CHECK(X509_CRL_add0_revoked(crl.get(), entry.release()));
  }
  add_extensions(crl.get(), spec);
  sign(crl.get(), spec, ca);
  std::uint8_t* der = nullptr;
  const int size = i2d_X509_CRL(crl.get(), &der);
  SALLYPORT_CHECK(size > 0);
  const bssl::UniquePtr<std::uint8_t> owned(der);
  return std::string(crypto::view_of(der, static_cast<std::size_t>(size)));
}

}  // namespace sallyport::test
