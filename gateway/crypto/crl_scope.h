#pragma once

// Which certificates of its issuer a revocation list covers: issuingDistributionPoint (RFC 5280
// section 5.2.5) against the certificate's basicConstraints and cRLDistributionPoints
// (section 6.3.3 (b)).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"

namespace sallyport::crypto {

// 2.5.29.28, the content octets.
inline constexpr std::string_view kIssuingDistributionPoint = "\x55\x1d\x1c";

struct CrlScope {
  enum class Of : std::uint8_t { all, users, cas };
  Of of = Of::all;
  // DER GeneralNames of the distribution point whose certificates are covered; none: of every one.
  std::vector<std::string> points;

  bool operator==(const CrlScope&) const = default;
};

// read_crl_scope reads the extension's value; `issuer` is the DER Name of the list's issuer. Lists
// that are indirect, for some reasons or for attribute certificates only are errors: they say
// nothing for certain of any certificate that we could be shown.
Result<CrlScope> read_crl_scope(std::string_view value, std::string_view issuer);

// CrlSubject is what a certificate says about the lists that cover it.
struct CrlSubject {
  std::string issuer;  // DER Name
  bool is_ca = false;
  // DER GeneralNames of its distribution points, its issuer's name (section 6.3.3, last step)
  // included. Points that name another issuer's list, or some reasons only, are left out.
  std::vector<std::string> points;
};

Result<CrlSubject> read_crl_subject(std::string_view certificate_der);

// covers does not compare issuers. Names of points are compared octet for octet: section 5.2.5
// demands the same encoding in the list and in the certificate.
bool covers(const CrlScope& scope, const CrlSubject& subject);

// describe says what the scope is limited to, for operators: "CA certificates of
// http://crl.example/1".
std::string describe(const CrlScope& scope);

}  // namespace sallyport::crypto
