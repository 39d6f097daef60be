#include "modules/bearer/request_checks.h"

#include <algorithm>
#include <array>
#include <string>

#include "modules/bearer/printable.h"
#include "modules/bearer/reasons.h"

namespace sallyport::bearer {
namespace {

using policy::deny;
using policy::evidence;
using policy::Exchange;
using policy::TokenClaims;

// is_certificate compares a token's hash with the connection's certificate (RFC 8705 section 3).
// Both are public, so the time that it takes tells nothing.
bool is_certificate(const crypto::VerifiedCertificate* certificate, std::string_view sha256) {
  if (certificate == nullptr) return false;
  const auto& actual = certificate->view().sha256;
  return std::equal(actual.begin(), actual.end(), sha256.begin(), sha256.end(),
                    [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); });
}

Denial check_times(Exchange& exchange, const TokenClaims& claims, const Issuer& issuer) {
  const Seconds leeway = issuer.settings.leeway;
  const std::int64_t now = exchange.now.unix_seconds();
  if (claims.issued_at > now + leeway.count()) {
    return deny(reasons::kIssuedInFuture,
                evidence(exchange, "iat={} now={}", claims.issued_at, now));
  }
  if (claims.not_before > now + leeway.count()) {
    return deny(reasons::kNotYetValid, evidence(exchange, "nbf={} now={}", claims.not_before, now));
  }
  // RFC 7519 section 4.1.4: the time must be before, not at, "exp".
  if (now >= claims.expires_at + leeway.count()) {
    return deny(reasons::kExpired, evidence(exchange, "exp={} now={} jti={}", claims.expires_at,
                                            now, printable(claims.token_id)));
  }
  return std::nullopt;
}

// check_age gives no leeway: a slow clock at the issuer makes a token look older, and its client
// has to refresh a few seconds earlier.
Denial check_age(Exchange& exchange, const TokenClaims& claims, const Issuer& issuer) {
  const std::int64_t limit = issuer.max_age.count();
  const std::int64_t now = exchange.now.unix_seconds();
  if (issuer.max_age_rule == MaxAgeRule::age) {
    if (now - claims.issued_at <= limit) return std::nullopt;
    return deny(reasons::kTooOld,
                evidence(exchange, "iat={} now={} max_age={}", claims.issued_at, now, limit));
  }
  if (claims.expires_at - claims.issued_at <= limit) return std::nullopt;
  return deny(reasons::kLifetimeTooLong, evidence(exchange, "iat={} exp={} max_age={}",
                                                  claims.issued_at, claims.expires_at, limit));
}

Denial check_audience(Exchange& exchange, const TokenClaims& claims, const Issuer& issuer) {
  for (const std::string& wanted : issuer.audience) {
    if (std::find(claims.audience.begin(), claims.audience.end(), wanted) != claims.audience.end())
      return std::nullopt;
  }
  return deny(reasons::kAudience, evidence(exchange, "aud={}", printable(claims.audience.front())));
}

Denial check_certificate(Exchange& exchange, const TokenClaims& claims) {
  if (claims.certificate_sha256.empty()) return std::nullopt;
  const auto* certificate = exchange.facts.client_certificate.get();
  if (is_certificate(certificate, claims.certificate_sha256)) return std::nullopt;
  return deny(reasons::kBoundElsewhere,
              evidence(exchange, "certificate={}", certificate ? "another" : "(absent)"));
}

bool is_bound_as(Binding binding, const TokenClaims& claims) {
  const bool to_certificate = !claims.certificate_sha256.empty();
  const bool to_key = !claims.key_sha256.empty();
  switch (binding) {
    case Binding::optional:
      return true;
    case Binding::required:
      return to_certificate || to_key;
    case Binding::certificate:
      return to_certificate;
    case Binding::dpop:
      return to_key;
  }
  return false;
}

// check_binding: RFC 9449 section 7.1: a token that is bound to a key is good with its proof only.
Denial check_binding(Exchange& exchange, const BearerPlan& plan, const Issuer& issuer,
                     const TokenClaims& claims, const Credential& credential) {
  if (!is_bound_as(plan.entry.binding, claims)) return deny(reasons::kNotBound);
  if (auto denial = check_certificate(exchange, claims)) return denial;
  const bool is_dpop = credential.scheme == Scheme::dpop;
  if (claims.key_sha256.empty()) {
    return is_dpop ? Denial(deny(reasons::kDpopUnbound)) : std::nullopt;
  }
  if (!is_dpop) return deny(reasons::kDpopAsBearer);
  return check_dpop(exchange, plan, issuer, claims, credential.token);
}

std::string_view binding_of(const TokenClaims& claims) {
  if (!claims.key_sha256.empty()) return "DPoP key";
  return claims.certificate_sha256.empty() ? "none" : "certificate";
}

}  // namespace

Denial check_request(Exchange& exchange, const BearerPlan& plan, const Issuer& issuer,
                     const TokenClaims& claims, const Credential& credential) {
  Denial first;
  // settle notes one check's outcome; true: there is nothing more to say.
  const auto settle = [&](std::string_view name, Denial denial, std::string_view detail) {
    if (exchange.explanation != nullptr) {
      const auto* deny = denial ? std::get_if<policy::Deny>(&*denial) : nullptr;
      exchange.explanation->add(name, !denial, std::string(deny ? deny->evidence.text : detail));
    }
    if (denial && !first) first = std::move(denial);
    return first && exchange.explanation == nullptr;
  };
  if (settle("times", check_times(exchange, claims, issuer), "")) return first;
  if (settle("age", check_age(exchange, claims, issuer), "")) return first;
  if (settle("audience", check_audience(exchange, claims, issuer), "")) return first;
  settle("binding", check_binding(exchange, plan, issuer, claims, credential), binding_of(claims));
  return first;
}

}  // namespace sallyport::bearer
