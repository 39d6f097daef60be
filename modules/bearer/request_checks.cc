#include "modules/bearer/request_checks.h"

#include <algorithm>
#include <array>
#include <string>

#include "gateway/crypto/verified_certificate.h"
#include "gateway/policy/facts.h"
#include "modules/bearer/checks.h"
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

// in_use_since is the time from which a token's age counts.
std::int64_t in_use_since(const TokenClaims& claims) {
  return claims.issued_at != 0 ? claims.issued_at : claims.first_seen_at;
}

// check_age gives no leeway: a slow clock at the issuer makes a token look older, and its client
// has to refresh a few seconds earlier.
Denial check_age(Exchange& exchange, const TokenClaims& claims, const Issuer& issuer) {
  const std::int64_t limit = issuer.max_age.count();
  const std::int64_t now = exchange.now.unix_seconds();
  const std::int64_t since = in_use_since(claims);
  if (issuer.max_age_rule == MaxAgeRule::age) {
    // First sight in the future: the clock was set back since, and how old the token is nobody
    // knows.
    const bool is_known = since <= now + issuer.settings.leeway.count();
    if (is_known && now - since <= limit) return std::nullopt;
    const std::string_view what = claims.issued_at != 0 ? "iat" : "first_seen";
    return deny(reasons::kTooOld,
                evidence(exchange, "{}={} now={} max_age={}", what, since, now, limit));
  }
  if (claims.expires_at - since <= limit) return std::nullopt;
  return deny(reasons::kLifetimeTooLong,
              evidence(exchange, "iat={} exp={} max_age={}", since, claims.expires_at, limit));
}

Denial check_audience(Exchange& exchange, const TokenClaims& claims, const Issuer& issuer) {
  for (const std::string& wanted : issuer.audience) {
    if (std::find(claims.audience.begin(), claims.audience.end(), wanted) != claims.audience.end())
      return std::nullopt;
  }
  if (claims.audience.empty()) {
    // Only an answer of the issuer can be without, and by the rule of today, not of when it came.
    const auto& asked = issuer.settings.introspection;
    if (asked && asked->audience == Presence::optional) return std::nullopt;
    return deny(reasons::kAudience, evidence(exchange, "aud=(absent)"));
  }
  return deny(reasons::kAudience, evidence(exchange, "aud={}", printable(claims.audience.front())));
}

Denial check_certificate(Exchange& exchange, const TokenClaims& claims) {
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

Denial check_binding(const BearerPlan& plan, const TokenClaims& claims) {
  return is_bound_as(plan.entry.binding, claims) ? std::nullopt : Denial(deny(reasons::kNotBound));
}

// check_scheme: RFC 9449 section 7.1: a token that is bound to a key is good with its proof only.
Denial check_scheme(Exchange& exchange, const BearerPlan& plan, const Issuer& issuer,
                    const TokenClaims& claims, const Credential& credential) {
  if (claims.key_sha256.empty()) return deny(reasons::kDpopUnbound);
  if (credential.scheme != Scheme::dpop) return deny(reasons::kDpopAsBearer);
  return check_dpop(exchange, plan, issuer, claims, credential.token);
}

std::string_view binding_of(const TokenClaims& claims) {
  if (!claims.key_sha256.empty()) return "DPoP key";
  return claims.certificate_sha256.empty() ? "none" : "certificate";
}

}  // namespace

Denial check_request(Exchange& exchange, const BearerPlan& plan, const Issuer& issuer,
                     const TokenClaims& claims, const Credential& credential) {
  const bool to_certificate = !claims.certificate_sha256.empty();
  const bool needs_proof = !claims.key_sha256.empty() || credential.scheme == Scheme::dpop;
  if (to_certificate) policy::must_pass(exchange, Check::certificate);
  if (needs_proof) policy::must_pass(exchange, Check::dpop);
  Denial first;
  // settle notes one check's outcome; true: there is nothing more to say.
  const auto settle = [&](Check check, Denial denial, std::string_view detail = {}) {
    if (!denial) {
      policy::passed(exchange, check, "{}", detail);
      return false;
    }
    if (exchange.explanation != nullptr) {
      exchange.explanation->add(static_cast<std::size_t>(check), false,
                                std::string(std::get<policy::Deny>(*denial).evidence.text));
    }
    if (!first) first = std::move(denial);
    return exchange.explanation == nullptr;
  };
  if (settle(Check::times, check_times(exchange, claims, issuer))) return first;
  if (settle(Check::age, check_age(exchange, claims, issuer))) return first;
  if (settle(Check::audience, check_audience(exchange, claims, issuer))) return first;
  if (settle(Check::binding, check_binding(plan, claims), binding_of(claims))) return first;
  if (to_certificate && settle(Check::certificate, check_certificate(exchange, claims))) {
    return first;
  }
  // An operator who asks has no proof, and nobody can make one but the key's owner.
  if (!claims.key_sha256.empty() && exchange.explanation != nullptr) {
    exchange.explanation->leave_open(
        static_cast<std::size_t>(Check::dpop),
        "cannot tell without a proof: the token is bound to a DPoP key, and every request needs a "
        "new proof by that key");
    return first;
  }
  if (needs_proof) settle(Check::dpop, check_scheme(exchange, plan, issuer, claims, credential));
  return first;
}

}  // namespace sallyport::bearer
