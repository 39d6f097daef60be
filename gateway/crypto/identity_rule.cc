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

std::string name_mismatch(const IdentityRule& rule, const CertificateView& certificate) {
  if (!rule.dns_names.empty() && !certificate.dns_names.empty()) {
    return "the DNS name " + certificate.dns_names.front() + " does not match " +
           list_of(rule.dns_names);
  }
  if (rule.common_names.empty()) {
    return "it has no DNS name, and " + list_of(rule.dns_names) + " is wanted";
  }
  const std::string name =
      certificate.common_name.empty() ? "an absent CN" : "CN " + certificate.common_name;
  return name + " does not match " + list_of(rule.common_names);
}

}  // namespace

bool names_match(const std::vector<NamePattern>& common_names,
                 const std::vector<NamePattern>& dns_names, const CertificateView& certificate) {
  if (common_names.empty() && dns_names.empty()) return true;
  if (!dns_names.empty() && !certificate.dns_names.empty()) {
    return std::ranges::any_of(certificate.dns_names, [&](const std::string& name) {
      return any_matches(dns_names, name);
    });
  }
  return any_matches(common_names, certificate.common_name);
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
