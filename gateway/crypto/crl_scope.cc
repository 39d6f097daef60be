#include "gateway/crypto/crl_scope.h"

#include <openssl/bytestring.h>
#include <openssl/mem.h>

#include <algorithm>
#include <optional>

#include "gateway/base/check.h"
#include "gateway/crypto/bytes.h"
#include "gateway/crypto/certificate.h"
#include "gateway/crypto/distinguished_name.h"

namespace sallyport::crypto {
namespace {

constexpr unsigned kContext = CBS_ASN1_CONTEXT_SPECIFIC;
constexpr unsigned kConstructedContext = kContext | CBS_ASN1_CONSTRUCTED;
constexpr unsigned kDirectoryName = kConstructedContext | 4;
constexpr unsigned kUri = kContext | 6;
constexpr std::string_view kBasicConstraints = "\x55\x1d\x13";    // 2.5.29.19
constexpr std::string_view kDistributionPoints = "\x55\x1d\x1f";  // 2.5.29.31
constexpr unsigned kIa5String = 22;

using Points = std::vector<std::string>;

std::string_view view(const CBS& cbs) { return view_of(CBS_data(&cbs), CBS_len(&cbs)); }

CBS reader(std::string_view bytes) {
  CBS cbs;
  CBS_init(&cbs, data_of(bytes), bytes.size());
  return cbs;
}

// directory_name is the GeneralName of `issuer` (a DER Name), with one more
// RelativeDistinguishedName (the content of its SET) where there is one.
std::optional<std::string> directory_name(std::string_view issuer, std::optional<CBS> relative) {
  CBS input = reader(issuer), names;
  if (!CBS_get_asn1(&input, &names, CBS_ASN1_SEQUENCE)) return std::nullopt;
  bssl::ScopedCBB out;
  CBB general, name, last;
  std::uint8_t* data = nullptr;
  std::size_t size = 0;
  bool written = CBB_init(out.get(), 128) && CBB_add_asn1(out.get(), &general, kDirectoryName) &&
                 CBB_add_asn1(&general, &name, CBS_ASN1_SEQUENCE) &&
                 CBB_add_bytes(&name, CBS_data(&names), CBS_len(&names));
  if (relative) {
    written = written && CBB_add_asn1(&name, &last, CBS_ASN1_SET) &&
              CBB_add_bytes(&last, CBS_data(&*relative), CBS_len(&*relative));
  }
  SALLYPORT_CHECK(written && CBB_finish(out.get(), &data, &size));
  const bssl::UniquePtr<std::uint8_t> owned(data);
  return std::string(view_of(data, size));
}

// read_point reads a DistributionPointName, the content of its [0]: full names, or one that is
// relative to the issuer. False: it is malformed.
bool read_point(CBS point, std::string_view issuer, Points& to) {
  CBS names;
  unsigned tag = 0;
  if (!CBS_get_any_asn1(&point, &names, &tag) || CBS_len(&point) != 0 || CBS_len(&names) == 0) {
    return false;
  }
  if (tag == (kConstructedContext | 1)) {
    auto name = directory_name(issuer, names);
    if (name) to.push_back(*std::move(name));
    return name.has_value();
  }
  if (tag != (kConstructedContext | 0)) return false;
  while (CBS_len(&names) != 0) {
    CBS name;
    if (!CBS_get_any_asn1_element(&names, &name, nullptr, nullptr)) return false;
    to.emplace_back(view(name));
  }
  return true;
}

// read_flag reads [tag] IMPLICIT BOOLEAN DEFAULT FALSE.
bool read_flag(CBS* from, unsigned tag, bool& to) {
  CBS value;
  int is_there = 0;
  std::uint8_t octet = 0;
  if (!CBS_get_optional_asn1(from, &value, &is_there, kContext | tag)) return false;
  if (is_there == 0) return true;
  if (!CBS_get_u8(&value, &octet) || CBS_len(&value) != 0 || (octet != 0 && octet != 0xff))
    return false;
  to = octet != 0;
  return true;
}

Error malformed(const char* what) { return {Fault::gateway, std::string(what) + " is malformed"}; }

Error unusable(const char* why) { return {Fault::gateway, why}; }

// read_certificate_points: RFC 5280 section 4.2.1.13.
bool read_certificate_points(CBS value, CrlSubject& to) {
  CBS points;
  if (!CBS_get_asn1(&value, &points, CBS_ASN1_SEQUENCE) || CBS_len(&value) != 0) return false;
  while (CBS_len(&points) != 0) {
    CBS point, name, unused;
    int has_name = 0, has_reasons = 0, has_issuer = 0;
    if (!CBS_get_asn1(&points, &point, CBS_ASN1_SEQUENCE) ||
        !CBS_get_optional_asn1(&point, &name, &has_name, kConstructedContext | 0) ||
        !CBS_get_optional_asn1(&point, &unused, &has_reasons, kContext | 1) ||
        !CBS_get_optional_asn1(&point, &unused, &has_issuer, kConstructedContext | 2) ||
        CBS_len(&point) != 0) {
      return false;
    }
    Points names;
    if (has_name != 0 && !read_point(name, to.issuer, names)) return false;
    if (has_reasons != 0 || has_issuer != 0) continue;
    to.points.insert(to.points.end(), names.begin(), names.end());
  }
  return true;
}

bool read_is_ca(CBS value, bool& is_ca) {
  CBS constraints;
  int flag = 0;
  if (!CBS_get_asn1(&value, &constraints, CBS_ASN1_SEQUENCE) || CBS_len(&value) != 0 ||
      (CBS_peek_asn1_tag(&constraints, CBS_ASN1_BOOLEAN) &&
       !CBS_get_asn1_bool(&constraints, &flag))) {
    return false;
  }
  is_ca = flag != 0;
  return true;
}

std::string text_of(const std::string& point) {
  CBS input = reader(point), value;
  unsigned tag = 0;
  if (!CBS_get_any_asn1(&input, &value, &tag)) return "?";
  if (tag == kUri) return printable_text(kIa5String, view(value)).value_or("?");
  const auto name = tag == kDirectoryName ? name_text(view(value)) : std::nullopt;
  return name ? name->text : "a name of another kind";
}

}  // namespace

Result<CrlScope> read_crl_scope(std::string_view value, std::string_view issuer) {
  CBS input = reader(value), sequence, point, reasons;
  int has_point = 0, has_reasons = 0;
  bool users = false, cas = false, indirect = false, attributes = false;
  if (!CBS_get_asn1(&input, &sequence, CBS_ASN1_SEQUENCE) || CBS_len(&input) != 0 ||
      !CBS_get_optional_asn1(&sequence, &point, &has_point, kConstructedContext | 0) ||
      !read_flag(&sequence, 1, users) || !read_flag(&sequence, 2, cas) ||
      !CBS_get_optional_asn1(&sequence, &reasons, &has_reasons, kContext | 3) ||
      !read_flag(&sequence, 4, indirect) || !read_flag(&sequence, 5, attributes) ||
      CBS_len(&sequence) != 0) {
    return malformed("its issuingDistributionPoint");
  }
  if (indirect)
    return unusable("it is an indirect list (indirectCRL); a list of each issuer is needed");
  if (has_reasons != 0) {
    return unusable("it lists what was revoked for some reasons only (onlySomeReasons)");
  }
  if (attributes)
    return unusable("it is for attribute certificates only (onlyContainsAttributeCerts)");
  if (users && cas) {
    return unusable("it covers nothing (onlyContainsUserCerts and onlyContainsCACerts together)");
  }
  CrlScope scope;
  if (users) scope.of = CrlScope::Of::users;
  if (cas) scope.of = CrlScope::Of::cas;
  if (has_point != 0 && !read_point(point, issuer, scope.points)) {
    return malformed("its issuingDistributionPoint");
  }
  std::sort(scope.points.begin(), scope.points.end());
  return scope;
}

Result<CrlSubject> read_crl_subject(std::string_view certificate_der) {
  CrlSubject subject;
  const auto issuer = certificate_issuer(certificate_der);
  const auto constraints = certificate_extension(certificate_der, kBasicConstraints);
  const auto points = certificate_extension(certificate_der, kDistributionPoints);
  if (!issuer) return issuer.error();
  if (!constraints) return constraints.error();
  if (!points) return points.error();
  subject.issuer = *issuer;
  if (constraints->has_value() && !read_is_ca(reader(**constraints), subject.is_ca)) {
    return malformed("the certificate's basicConstraints");
  }
  if (points->has_value() && !read_certificate_points(reader(**points), subject)) {
    return malformed("the certificate's cRLDistributionPoints");
  }
  if (auto name = directory_name(*issuer, std::nullopt)) subject.points.push_back(*std::move(name));
  return subject;
}

bool covers(const CrlScope& scope, const CrlSubject& subject) {
  if (scope.of == CrlScope::Of::users && subject.is_ca) return false;
  if (scope.of == CrlScope::Of::cas && !subject.is_ca) return false;
  if (scope.points.empty()) return true;
  return std::any_of(subject.points.begin(), subject.points.end(), [&](const std::string& point) {
    return std::find(scope.points.begin(), scope.points.end(), point) != scope.points.end();
  });
}

std::string describe(const CrlScope& scope) {
  std::string text = "all certificates";
  if (scope.of == CrlScope::Of::users) text = "certificates of users, not of CAs,";
  if (scope.of == CrlScope::Of::cas) text = "CA certificates";
  if (scope.points.empty()) return text;
  return text + " that name the distribution point " + text_of(scope.points.front());
}

}  // namespace sallyport::crypto
