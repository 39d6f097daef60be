#include "gateway/crypto/identity_rule.h"

#include <algorithm>

namespace sallyport::crypto {
namespace {

bool any_matches(const std::vector<NamePattern>& patterns, std::string_view name) {
  return std::ranges::any_of(patterns, [&](const auto& pattern) { return pattern.matches(name); });
}

std::string list_of(const std::vector<NamePattern>& patterns) {
  std::string out;
  for (const NamePattern& pattern : patterns) {
    out += (out.empty() ? "" : ", ") + pattern.text();
  }
  return out;
}

bool common_name_matches(const std::vector<NamePattern>& patterns,
                         const CertificateView& certificate) {
  return !certificate.common_name_forbidden && any_matches(patterns, certificate.common_name);
}

bool dns_names_match(const std::vector<NamePattern>& patterns, const CertificateView& certificate) {
  return std::ranges::any_of(certificate.dns_names,
                             [&](const std::string& name) { return any_matches(patterns, name); });
}

std::string common_name_mismatch(const std::vector<NamePattern>& patterns,
                                 const CertificateView& certificate) {
  if (certificate.common_name.empty()) return "an absent CN does not match " + list_of(patterns);
  if (certificate.common_name_forbidden) {
    return "CN " + certificate.common_name + " is not permitted by its issuers' name constraints";
  }
  return "CN " + certificate.common_name + " does not match " + list_of(patterns);
}

std::string name_mismatch(const IdentityRule& rule, const CertificateView& certificate) {
  if (!rule.common_names.empty() && !common_name_matches(rule.common_names, certificate)) {
    return common_name_mismatch(rule.common_names, certificate);
  }
  if (certificate.dns_names.empty()) {
    return "it has no DNS name, and " + common_name_mismatch(rule.dns_names, certificate);
  }
  return "the DNS name " + certificate.dns_names.front() + " does not match " +
         list_of(rule.dns_names);
}

}  // namespace

bool names_match(const std::vector<NamePattern>& common_names,
                 const std::vector<NamePattern>& dns_names, const CertificateView& certificate) {
  if (!common_names.empty() && !common_name_matches(common_names, certificate)) return false;
  if (dns_names.empty()) return true;
  if (!certificate.dns_names.empty()) return dns_names_match(dns_names, certificate);
  return !common_names.empty() || common_name_matches(dns_names, certificate);
}

std::optional<std::string> IdentityRule::mismatch(const CertificateView& certificate) const {
  if (!names_match(common_names, dns_names, certificate)) return name_mismatch(*this, certificate);
  const bool has_uri = uris.empty() || std::ranges::any_of(uris, [&](const std::string& uri) {
                         return std::ranges::find(certificate.uris, uri) != certificate.uris.end();
                       });
  if (!has_uri) return "none of its URIs is " + uris.front();
  if (!issuer.empty() && certificate.issuer != issuer) {
    return "its issuer " + certificate.issuer + " is not " + issuer;
  }
  return std::nullopt;
}

}  // namespace sallyport::crypto
