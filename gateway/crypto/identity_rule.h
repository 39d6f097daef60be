#pragma once

// IdentityRule says whose a verified certificate is: what the client is called, and which names
// its certificate must carry to be called so.

#include <optional>
#include <string>
#include <vector>

#include "gateway/crypto/name_pattern.h"
#include "gateway/crypto/verified_certificate.h"

namespace sallyport::crypto {

struct IdentityRule {
  std::string name;  // the client's; from configuration
  // Every kind that is not empty must be met. common_names are compared with the common name
  // always. dns_names are compared with the DNS names; where a certificate has none (RFC 6125
  // section 6.4.4), with the common name, unless common_names have judged it. A common name that
  // the path's name constraints forbid matches nothing.
  std::vector<NamePattern> common_names;
  std::vector<NamePattern> dns_names;
  std::vector<std::string> uris;  // exact
  std::string issuer;             // exact RFC 4514 text of the leaf's issuer

  // mismatch says, for the operator, what the certificate lacks; nothing when it meets the rule.
  std::optional<std::string> mismatch(const CertificateView& certificate) const;
};

// names_match compares the names alone, as described above.
bool names_match(const std::vector<NamePattern>& common_names,
                 const std::vector<NamePattern>& dns_names, const CertificateView& certificate);

}  // namespace sallyport::crypto
