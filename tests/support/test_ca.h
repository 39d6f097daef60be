#pragma once

// TestCa makes certificates in memory, good ones and every kind of bad one. Includes TestKey.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/test_key.h"

namespace sallyport::test {

enum class CertificateDigest { sha256, sha1, md5 };

// CertificateSpec says what to put into a certificate. Times are Unix seconds; zero stands for an
// hour ago and in thirty days.
struct CertificateSpec {
  std::string common_name = "test";
  std::vector<std::string> more_common_names = {};
  std::string organization = {};
  std::vector<std::string> dns_names = {};
  std::vector<std::string> uris = {};
  std::vector<std::string> ips = {};  // raw, 4 or 16 bytes
  std::string crl_points = {};  // DER cRLDistributionPoints; crl_points_of (test_crl.h) makes them
  bool server_auth = false;     // with none of the two there is no extended key usage
  bool client_auth = false;
  bool is_ca = false;
  int path_length = -1;                         // negative: no limit
  std::vector<std::string> permitted_dns = {};  // name constraints
  std::vector<std::string> excluded_dns = {};
  std::string subject_key_id = {};    // raw; empty: none, as in the next two
  std::string authority_key_id = {};  // raw
  std::string authority_serial = {};  // raw; the issuer's name goes with it
  std::int64_t not_before = 0;
  std::int64_t not_after = 0;
  KeyKind key = KeyKind::p256;
  CertificateDigest digest = CertificateDigest::sha256;
};

// Identity is a certificate with its key, and the certificates between it and the root.
struct Identity {
  TestKey key;
  std::string der;
  std::vector<std::string> issuers_der;  // nearest first, root excluded

  std::string certificate_pem() const;
  std::string chain_pem() const;  // leaf first, root excluded
  std::string key_pem() const { return key.private_pem(); }
};

class TestCa {
 public:
  // Makes a self-signed root. `spec.is_ca` is set.
  explicit TestCa(CertificateSpec spec);
  explicit TestCa(std::string_view common_name);

  // renewed is another self-signed root with the same key.
  TestCa renewed(CertificateSpec spec) const;

  Identity issue(const CertificateSpec& spec) const;
  // certify issues a certificate for a key that exists.
  Identity certify(const CertificateSpec& spec, const TestKey& key) const;
  TestCa intermediate(CertificateSpec spec) const;
  TestCa intermediate(std::string_view common_name) const;
  // A CA that is not marked as one, to make chains that must be refused.
  TestCa false_intermediate(CertificateSpec spec) const;

  // The certificate of this CA itself.
  std::string certificate_pem() const;
  const std::string& der() const { return identity_.der; }
  const TestKey& key() const { return identity_.key; }

 private:
  TestCa(Identity identity, bool is_root) : identity_(std::move(identity)), is_root_(is_root) {}

  Identity identity_;
  bool is_root_ = true;
};

}  // namespace sallyport::test
