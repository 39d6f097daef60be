#include "tests/support/test_ca.h"

#include <openssl/asn1.h>
#include <openssl/bytestring.h>
#include <openssl/digest.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/obj.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <ctime>
#include <functional>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/base/clock.h"
#include "gateway/crypto/bytes.h"
#include "gateway/crypto/pem.h"

namespace sallyport::test {
namespace {

constexpr unsigned kContext = CBS_ASN1_CONTEXT_SPECIFIC;

void add_to(CBB* out, unsigned tag, std::string_view bytes) {
  CBB child;
  SALLYPORT_CHECK(CBB_add_asn1(out, &child, tag) &&
                  CBB_add_bytes(&child, crypto::data_of(bytes), bytes.size()) && CBB_flush(out));
}

// add_extension adds a SEQUENCE (or BIT STRING) that `fill` writes the content of.
void add_extension(X509* certificate, int nid, bool critical, unsigned tag,
                   const std::function<void(CBB*)>& fill) {
  bssl::ScopedCBB cbb;
  CBB content;
  std::uint8_t* data = nullptr;
  std::size_t size = 0;
  SALLYPORT_CHECK(CBB_init(cbb.get(), 64) && CBB_add_asn1(cbb.get(), &content, tag));
  fill(&content);
  SALLYPORT_CHECK(CBB_finish(cbb.get(), &data, &size) == 1);
  const bssl::UniquePtr<std::uint8_t> owned(data);
  const bssl::UniquePtr<ASN1_OCTET_STRING> value(ASN1_OCTET_STRING_new());
  SALLYPORT_CHECK(ASN1_STRING_set(value.get(), data, static_cast<int>(size)) == 1);
  const bssl::UniquePtr<X509_EXTENSION> extension(
      X509_EXTENSION_create_by_NID(nullptr, nid, critical ? 1 : 0, value.get()));
  SALLYPORT_CHECK(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

void add_alternative_names(X509* certificate, const CertificateSpec& spec) {
  if (spec.dns_names.empty() && spec.uris.empty() && spec.ips.empty()) return;
  add_extension(certificate, NID_subject_alt_name, false, CBS_ASN1_SEQUENCE, [&spec](CBB* names) {
    for (const std::string& name : spec.dns_names) add_to(names, kContext | 2, name);
    for (const std::string& uri : spec.uris) add_to(names, kContext | 6, uri);
    for (const std::string& ip : spec.ips) add_to(names, kContext | 7, ip);
  });
}

void add_usages(X509* certificate, const CertificateSpec& spec) {
  if (!spec.server_auth && !spec.client_auth) return;
  add_extension(certificate, NID_ext_key_usage, false, CBS_ASN1_SEQUENCE, [&spec](CBB* usages) {
    if (spec.server_auth) SALLYPORT_CHECK(OBJ_nid2cbb(usages, NID_server_auth) == 1);
    if (spec.client_auth) SALLYPORT_CHECK(OBJ_nid2cbb(usages, NID_client_auth) == 1);
  });
}

void add_basic_constraints(X509* certificate, const CertificateSpec& spec) {
  add_extension(certificate, NID_basic_constraints, true, CBS_ASN1_SEQUENCE, [&spec](CBB* out) {
    if (spec.is_ca) SALLYPORT_CHECK(CBB_add_asn1_bool(out, 1) == 1);
    if (spec.is_ca && spec.path_length >= 0) {
      SALLYPORT_CHECK(CBB_add_asn1_uint64(out, static_cast<std::uint64_t>(spec.path_length)) == 1);
    }
  });
}

void add_crl_points(X509* certificate, const CertificateSpec& spec) {
  if (spec.crl_points.empty()) return;
  CBS points;
  CBS_init(&points, crypto::data_of(spec.crl_points), spec.crl_points.size());
  SALLYPORT_CHECK(CBS_get_asn1(&points, &points, CBS_ASN1_SEQUENCE) == 1);
  add_extension(certificate, NID_crl_distribution_points, false, CBS_ASN1_SEQUENCE, [&](CBB* out) {
    SALLYPORT_CHECK(CBB_add_bytes(out, CBS_data(&points), CBS_len(&points)) == 1);
  });
}

void add_subtrees(CBB* out, unsigned tag, const std::vector<std::string>& names) {
  if (names.empty()) return;
  CBB subtrees, subtree;
  SALLYPORT_CHECK(CBB_add_asn1(out, &subtrees, tag) == 1);
  for (const std::string& name : names) {
    SALLYPORT_CHECK(CBB_add_asn1(&subtrees, &subtree, CBS_ASN1_SEQUENCE) == 1);
    add_to(&subtree, kContext | 2, name);
  }
  SALLYPORT_CHECK(CBB_flush(out) == 1);
}

void add_name_constraints(X509* certificate, const CertificateSpec& spec) {
  if (spec.permitted_dns.empty() && spec.excluded_dns.empty()) return;
  add_extension(certificate, NID_name_constraints, true, CBS_ASN1_SEQUENCE, [&spec](CBB* out) {
    add_subtrees(out, kContext | CBS_ASN1_CONSTRUCTED | 0, spec.permitted_dns);
    add_subtrees(out, kContext | CBS_ASN1_CONSTRUCTED | 1, spec.excluded_dns);
  });
}

std::string der_of_name(X509_NAME* name) {
  std::uint8_t* data = nullptr;
  const int size = i2d_X509_NAME(name, &data);
  SALLYPORT_CHECK(size > 0);
  const bssl::UniquePtr<std::uint8_t> owned(data);
  return std::string(crypto::view_of(data, static_cast<std::size_t>(size)));
}

void add_key_identifiers(X509* certificate, const CertificateSpec& spec) {
  if (!spec.subject_key_id.empty()) {
    // An OCTET STRING is no sequence: the content is its octets.
    add_extension(certificate, NID_subject_key_identifier, false, CBS_ASN1_OCTETSTRING,
                  [&spec](CBB* out) {
                    SALLYPORT_CHECK(CBB_add_bytes(out, crypto::data_of(spec.subject_key_id),
                                                  spec.subject_key_id.size()) == 1);
                  });
  }
  if (spec.authority_key_id.empty() && spec.authority_serial.empty()) return;
  const std::string issuer = der_of_name(X509_get_issuer_name(certificate));
  add_extension(certificate, NID_authority_key_identifier, false, CBS_ASN1_SEQUENCE, [&](CBB* out) {
    if (!spec.authority_key_id.empty()) add_to(out, kContext | 0, spec.authority_key_id);
    if (spec.authority_serial.empty()) return;
    CBB names;
    SALLYPORT_CHECK(CBB_add_asn1(out, &names, kContext | CBS_ASN1_CONSTRUCTED | 1) == 1);
    add_to(&names, kContext | CBS_ASN1_CONSTRUCTED | 4, issuer);
    SALLYPORT_CHECK(CBB_flush(out) == 1);
    add_to(out, kContext | 2, spec.authority_serial);
  });
}

void add_name(X509_NAME* name, int nid, std::string_view value) {
  SALLYPORT_CHECK(X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8, crypto::data_of(value),
                                             static_cast<int>(value.size()), -1, 0) == 1);
}

void set_subject(X509* certificate, const CertificateSpec& spec) {
  X509_NAME* name = X509_get_subject_name(certificate);
  if (!spec.organization.empty()) add_name(name, NID_organizationName, spec.organization);
  if (!spec.common_name.empty()) add_name(name, NID_commonName, spec.common_name);
  for (const std::string& more : spec.more_common_names) add_name(name, NID_commonName, more);
}

void set_validity(X509* certificate, const CertificateSpec& spec) {
  constexpr std::int64_t kHour = 3600;
  const std::int64_t now = wall_now().unix_seconds();
  const std::time_t from = spec.not_before != 0 ? spec.not_before : now - kHour;
  const std::time_t to = spec.not_after != 0 ? spec.not_after : now + 30 * 24 * kHour;
  SALLYPORT_CHECK(ASN1_TIME_set(X509_getm_notBefore(certificate), from) != nullptr);
  SALLYPORT_CHECK(ASN1_TIME_set(X509_getm_notAfter(certificate), to) != nullptr);
}

void set_serial(X509* certificate) {
  std::uint32_t serial = 0;
  RAND_bytes(reinterpret_cast<std::uint8_t*>(&serial), sizeof serial);
  SALLYPORT_CHECK(ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial >> 1) == 1);
}

const EVP_MD* digest_of(CertificateDigest digest, KeyKind key) {
  if (key == KeyKind::ed25519) return nullptr;
  if (digest == CertificateDigest::sha1) return EVP_sha1();
  return digest == CertificateDigest::md5 ? EVP_md5() : EVP_sha256();
}

std::string der_of(X509* certificate) {
  std::uint8_t* data = nullptr;
  const int size = i2d_X509(certificate, &data);
  SALLYPORT_CHECK(size > 0);
  const bssl::UniquePtr<std::uint8_t> owned(data);
  return std::string(crypto::view_of(data, static_cast<std::size_t>(size)));
}

bssl::UniquePtr<X509> parse(std::string_view der) {
  const std::uint8_t* data = crypto::data_of(der);
  return bssl::UniquePtr<X509>(d2i_X509(nullptr, &data, static_cast<long>(der.size())));
}

// make signs with `issuer`, or with the key itself when there is none.
Identity make(const CertificateSpec& spec, const TestKey& key, const Identity* issuer) {
  Identity out;
  out.key = key;
  const bssl::UniquePtr<X509> certificate(X509_new());
  SALLYPORT_CHECK(X509_set_version(certificate.get(), 2) == 1);  // v3
  set_serial(certificate.get());
  set_subject(certificate.get(), spec);
  set_validity(certificate.get(), spec);
  if (issuer != nullptr) {
    const auto parent = parse(issuer->der);
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(parent.get()));
  } else {
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
  }
  SALLYPORT_CHECK(X509_set_pubkey(certificate.get(), out.key.get()) == 1);
  add_basic_constraints(certificate.get(), spec);
  add_usages(certificate.get(), spec);
  add_name_constraints(certificate.get(), spec);
  add_key_identifiers(certificate.get(), spec);
  add_alternative_names(certificate.get(), spec);
  add_crl_points(certificate.get(), spec);
  const TestKey& signer = issuer != nullptr ? issuer->key : out.key;
  SALLYPORT_CHECK(
      X509_sign(certificate.get(), signer.get(), digest_of(spec.digest, signer.kind())) != 0);
  out.der = der_of(certificate.get());
  return out;
}

}  // namespace

std::string Identity::certificate_pem() const { return crypto::write_pem("CERTIFICATE", der); }

std::string Identity::chain_pem() const {
  std::string out = certificate_pem();
  for (const std::string& issuer : issuers_der) out += crypto::write_pem("CERTIFICATE", issuer);
  return out;
}

TestCa::TestCa(CertificateSpec spec) {
  spec.is_ca = true;
  identity_ = make(spec, TestKey::make(spec.key), nullptr);
}

TestCa TestCa::renewed(CertificateSpec spec) const {
  spec.is_ca = true;
  return TestCa(make(spec, identity_.key, nullptr), true);
}

TestCa::TestCa(std::string_view common_name)
    : TestCa(CertificateSpec{.common_name = std::string(common_name)}) {}

Identity TestCa::issue(const CertificateSpec& spec) const {
  return certify(spec, TestKey::make(spec.key));
}

Identity TestCa::certify(const CertificateSpec& spec, const TestKey& key) const {
  Identity out = make(spec, key, &identity_);
  if (!is_root_) {
    out.issuers_der.push_back(identity_.der);
    out.issuers_der.insert(out.issuers_der.end(), identity_.issuers_der.begin(),
                           identity_.issuers_der.end());
  }
  return out;
}

TestCa TestCa::intermediate(CertificateSpec spec) const {
  spec.is_ca = true;
  return TestCa(issue(spec), false);
}

TestCa TestCa::intermediate(std::string_view common_name) const {
  return intermediate(CertificateSpec{.common_name = std::string(common_name)});
}

TestCa TestCa::false_intermediate(CertificateSpec spec) const {
  spec.is_ca = false;
  return TestCa(issue(spec), false);
}

std::string TestCa::certificate_pem() const { return identity_.certificate_pem(); }

}  // namespace sallyport::test
