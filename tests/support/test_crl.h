#pragma once

// Revocation lists in memory, signed by a TestCa.

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/test_ca.h"

namespace sallyport::test {

// TestCrl says what to put into a list. Times are Unix seconds; zero stands for an hour ago and in
// a day.
struct TestCrl {
  std::vector<std::string> serials = {};  // hexadecimal, as CertificateView has them
  std::int64_t this_update = 0;
  std::int64_t next_update = 0;
  bool has_next_update = true;
  bool is_delta = false;  // with a critical deltaCRLIndicator
  // The value of an issuingDistributionPoint (issuing_point makes one); empty: there is none.
  std::string issuing_point = {};
  bool is_critical = true;              // that extension
  std::string other_critical_oid = {};  // an extension that nobody knows
  bool has_certificate_issuer = false;  // in each entry, not marked critical
  bool is_pss = false;                  // for CAs with RSA keys
  CertificateDigest digest = CertificateDigest::sha256;
};

// IssuingPoint is what an issuingDistributionPoint may say (RFC 5280 section 5.2.5).
struct IssuingPoint {
  std::vector<std::string> uris = {};
  std::string relative_common_name = {};  // nameRelativeToCRLIssuer, instead
  bool users = false, cas = false, indirect = false, attributes = false;
  bool some_reasons = false;
};
std::string issuing_point(const IssuingPoint& point);

// CrlPoint is one DistributionPoint of a certificate (section 4.2.1.13).
struct CrlPoint {
  std::vector<std::string> uris = {};
  std::string relative_common_name = {};  // instead
  bool some_reasons = false;
  bool other_issuer = false;  // cRLIssuer
};
std::string crl_points_of(const std::vector<CrlPoint>& points);

// der_of returns the DER list of `ca`.
std::string der_of(const TestCrl& crl, const TestCa& ca);

}  // namespace sallyport::test
