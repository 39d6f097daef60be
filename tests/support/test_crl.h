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
  CertificateDigest digest = CertificateDigest::sha256;
};

// der_of returns the DER list of `ca`.
std::string der_of(const TestCrl& crl, const TestCa& ca);

}  // namespace sallyport::test
