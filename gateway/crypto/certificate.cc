#include "gateway/crypto/certificate.h"

#include <openssl/bytestring.h>

#include <optional>
#include <utility>

#include "gateway/base/text.h"
#include "gateway/crypto/bytes.h"
#include "gateway/crypto/der_time.h"
#include "gateway/crypto/digest.h"
#include "gateway/crypto/distinguished_name.h"
#include "gateway/crypto/pem.h"

namespace sallyport::crypto {
namespace {

constexpr unsigned kContext = CBS_ASN1_CONTEXT_SPECIFIC;
constexpr unsigned kConstructedContext = kContext | CBS_ASN1_CONSTRUCTED;
constexpr std::string_view kSubjectAltName("\x55\x1d\x11", 3);  // 2.5.29.17
constexpr unsigned kIa5String = 22;

std::string_view view(const CBS& cbs) { return view_of(CBS_data(&cbs), CBS_len(&cbs)); }

// Fields are the parts of a TBSCertificate (RFC 5280 section 4.1) that we look at.
struct Fields {
  CBS serial, issuer, validity, subject, spki, extensions;
  int has_extensions = 0;
};

// is_plain_signature: nothing beside the signed part can be written in two ways. The algorithm is
// octet for octet what is signed (RFC 5280 section 4.1.1.2), and no bits are left over.
bool is_plain_signature(const CBS& inside, const CBS& outside, CBS signature) {
  std::uint8_t unused_bits = 0;
  return view(inside) == view(outside) && CBS_get_u8(&signature, &unused_bits) && unused_bits == 0;
}

std::optional<Fields> split(std::string_view der) {
  CBS input, certificate, tbs, unused, algorithm, signed_algorithm, signature;
  Fields f;
  if (der.size() > kMaxCertificateBytes) return std::nullopt;
  CBS_init(&input, data_of(der), der.size());
  const bool whole =
      CBS_get_asn1(&input, &certificate, CBS_ASN1_SEQUENCE) && CBS_len(&input) == 0 &&
      CBS_get_asn1(&certificate, &tbs, CBS_ASN1_SEQUENCE) &&
      CBS_get_asn1_element(&certificate, &algorithm, CBS_ASN1_SEQUENCE) &&
      CBS_get_asn1(&certificate, &signature, CBS_ASN1_BITSTRING) && CBS_len(&certificate) == 0 &&
      CBS_get_optional_asn1(&tbs, &unused, nullptr, kConstructedContext | 0) &&  // version
      CBS_get_asn1(&tbs, &f.serial, CBS_ASN1_INTEGER) &&
      CBS_get_asn1_element(&tbs, &signed_algorithm, CBS_ASN1_SEQUENCE) &&
      is_plain_signature(signed_algorithm, algorithm, signature) &&
      CBS_get_asn1_element(&tbs, &f.issuer, CBS_ASN1_SEQUENCE) &&
      CBS_get_asn1(&tbs, &f.validity, CBS_ASN1_SEQUENCE) &&
      CBS_get_asn1_element(&tbs, &f.subject, CBS_ASN1_SEQUENCE) &&
      CBS_get_asn1_element(&tbs, &f.spki, CBS_ASN1_SEQUENCE) &&
      CBS_get_optional_asn1(&tbs, &unused, nullptr, kContext | 1) &&  // issuerUniqueID
      CBS_get_optional_asn1(&tbs, &unused, nullptr, kContext | 2) &&  // subjectUniqueID
      CBS_get_optional_asn1(&tbs, &f.extensions, &f.has_extensions, kConstructedContext | 3) &&
      CBS_len(&tbs) == 0;
  if (!whole) return std::nullopt;
  return f;
}

bool read_alternative_names(CBS names, CertificateView& out) {
  CBS sequence;
  if (!CBS_get_asn1(&names, &sequence, CBS_ASN1_SEQUENCE) || CBS_len(&names) != 0) return false;
  while (CBS_len(&sequence) != 0) {
    CBS name;
    unsigned tag = 0;
    if (!CBS_get_any_asn1(&sequence, &name, &tag)) return false;
    // RFC 5280 section 4.2.1.6: dNSName [2] and uniformResourceIdentifier [6] are IA5String.
    const auto text = printable_text(kIa5String, view(name)).value_or("");
    if (tag == (kContext | 2)) out.dns_names.push_back(text);
    if (tag == (kContext | 6)) out.uris.push_back(text);
  }
  return true;
}

// find_extension leaves the value of the extension `oid` in `found`. False: the extensions are
// malformed, or it is there twice (RFC 5280 section 4.2: no more than one instance).
bool find_extension(CBS wrapper, std::string_view oid, std::optional<CBS>& found) {
  CBS extensions;
  if (!CBS_get_asn1(&wrapper, &extensions, CBS_ASN1_SEQUENCE) || CBS_len(&wrapper) != 0) {
    return false;
  }
  while (CBS_len(&extensions) != 0) {
    CBS extension, name, value, unused;
    if (!CBS_get_asn1(&extensions, &extension, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&extension, &name, CBS_ASN1_OBJECT) ||
        !CBS_get_optional_asn1(&extension, &unused, nullptr, CBS_ASN1_BOOLEAN) ||
        !CBS_get_asn1(&extension, &value, CBS_ASN1_OCTETSTRING) || CBS_len(&extension) != 0) {
      return false;
    }
    if (view(name) != oid) continue;
    if (found) return false;
    found = value;
  }
  return true;
}

bool read_extensions(CBS wrapper, CertificateView& out) {
  std::optional<CBS> names;
  if (!find_extension(wrapper, kSubjectAltName, names)) return false;
  return !names || read_alternative_names(*names, out);
}

std::string serial_text(const CBS& serial) {
  std::string_view bytes = view(serial);
  while (bytes.size() > 1 && bytes.front() == '\0') bytes.remove_prefix(1);
  return to_hex(bytes);
}

Error malformed(const char* part) {
  return {Fault::gateway, std::string("the certificate is malformed (") + part + ")"};
}

}  // namespace

Result<std::vector<std::string>> read_certificates(std::string_view pem, std::size_t limit) {
  auto blocks = read_pem(pem, limit);
  if (!blocks) return blocks.error();
  if (blocks->empty()) return Error{Fault::gateway, "there is no CERTIFICATE block"};
  std::vector<std::string> certificates;
  for (PemBlock& block : *blocks) {
    if (block.label != "CERTIFICATE") {
      return Error{Fault::gateway, "there is a block of kind " + block.label +
                                       "; only CERTIFICATE blocks belong here"};
    }
    certificates.push_back(std::move(block.der));
  }
  return certificates;
}

Result<CertificateView> view_certificate(std::string_view der) {
  return view_certificate(der, sha256(der));
}

Result<CertificateView> view_certificate(std::string_view der, const Sha256& digest) {
  auto fields = split(der);
  if (!fields) return malformed("structure, or too large");
  const auto subject = name_text(view(fields->subject));
  const auto issuer = name_text(view(fields->issuer));
  if (!subject || !issuer) return malformed("subject or issuer");
  const auto not_before = read_der_time(&fields->validity);
  const auto not_after = read_der_time(&fields->validity);
  if (!not_before || !not_after || CBS_len(&fields->validity) != 0) return malformed("validity");

  CertificateView out;
  out.subject = subject->text;
  out.common_name = subject->common_name;
  out.issuer = issuer->text;
  out.serial = serial_text(fields->serial);
  out.not_before = *not_before;
  out.not_after = *not_after;
  out.sha256 = digest;
  out.spki_sha256 = sha256(view(fields->spki));
  out.der = der;
  if (fields->has_extensions != 0 && !read_extensions(fields->extensions, out)) {
    return malformed("extensions");
  }
  return out;
}

Result<std::string_view> certificate_spki(std::string_view der) {
  const auto fields = split(der);
  if (!fields) return malformed("structure, or too large");
  return view(fields->spki);
}

Result<std::string_view> certificate_issuer(std::string_view der) {
  const auto fields = split(der);
  if (!fields) return malformed("structure, or too large");
  return view(fields->issuer);
}

Result<std::string_view> certificate_subject(std::string_view der) {
  const auto fields = split(der);
  if (!fields) return malformed("structure, or too large");
  return view(fields->subject);
}

Result<std::optional<std::string_view>> certificate_extension(std::string_view der,
                                                              std::string_view oid) {
  const auto fields = split(der);
  if (!fields) return malformed("structure, or too large");
  std::optional<CBS> found;
  if (fields->has_extensions != 0 && !find_extension(fields->extensions, oid, found)) {
    return malformed("extensions");
  }
  if (!found) return std::optional<std::string_view>();
  return std::optional<std::string_view>(view(*found));
}

}  // namespace sallyport::crypto
