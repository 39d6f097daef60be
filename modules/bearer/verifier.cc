#include "modules/bearer/verifier.h"

#include <algorithm>
#include <array>
#include <utility>

#include "modules/bearer/printable.h"
#include "modules/bearer/reasons.h"

namespace sallyport::bearer {
namespace {

using policy::deny;
using policy::evidence;
using policy::Exchange;
using policy::TokenClaims;
using policy::Verdict;

Verdict deny_claim(Exchange& exchange, const ClaimFault& fault) {
  const bool missing = fault.kind == ClaimFault::Kind::missing;
  return deny(missing ? reasons::kClaimMissing : reasons::kMalformed,
              evidence(exchange, "claim={}", fault.claim));
}

// is_certificate compares a token's hash with the connection's certificate (RFC 8705 section 3).
// Both are public, so the time that it takes tells nothing.
bool is_certificate(const crypto::VerifiedCertificate* certificate, std::string_view sha256) {
  if (certificate == nullptr) return false;
  const auto& actual = certificate->view().sha256;
  return std::equal(actual.begin(), actual.end(), sha256.begin(), sha256.end(),
                    [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); });
}

}  // namespace

TokenVerifier::TokenVerifier(std::shared_ptr<const BearerPlan> plan,
                             std::shared_ptr<TokenCache> cache, unsigned worker)
    : plan_(std::move(plan)), cache_(std::move(cache)), worker_(worker) {}

Verdict TokenVerifier::verify(Exchange& exchange, std::string_view token) {
  SignedToken read_now;
  const SignedToken* known = remembered(token);
  if (known == nullptr) {
    if (auto denial = read(exchange, token, read_now)) return *std::move(denial);
    known = &read_now;
  }
  // A remembered token may be of an issuer that only another chain accepts.
  const Issuer* issuer = plan_->issuer_with(known->issuer.get());
  if (issuer == nullptr) {
    return deny(reasons::kUnknownIssuer,
                evidence(exchange, "iss={}", printable(known->claims->issuer)));
  }
  const auto claims = known->claims;
  if (auto denial = check_times(exchange, *claims, issuer->settings.leeway)) {
    return *std::move(denial);
  }
  if (auto denial = check_age(exchange, *claims)) return *std::move(denial);
  if (auto denial = check_audience(exchange, *claims)) return *std::move(denial);
  if (auto denial = check_binding(exchange, *claims)) return *std::move(denial);
  // Only what was accepted is worth remembering.
  if (known == &read_now) cache_->insert(token, std::move(read_now));
  exchange.facts.token.emplace(policy::VerifiedToken(claims));
  return policy::allow();
}

const SignedToken* TokenVerifier::remembered(std::string_view token) const {
  const SignedToken* known = cache_->find(token);
  if (known == nullptr) return nullptr;
  // Keys that were replaced, or are too old to be believed, take what they vouched for with them.
  const KeySet* keys = known->issuer->here(worker_);
  if (keys == nullptr || keys->epoch() != known->epoch) return nullptr;
  count(known->issuer->counters(worker_).cache_hits);
  return known;
}

TokenVerifier::Denial TokenVerifier::read(Exchange& exchange, std::string_view token,
                                          SignedToken& to) {
  auto parsed = parse_jwt(token);
  if (const auto* fault = std::get_if<JwtFault>(&parsed)) {
    return deny(reasons::of(*fault), evidence(exchange, "token=\"{}\"", to_string(*fault)));
  }
  const auto& jwt = std::get<UnverifiedJwt>(parsed);

  const auto iss = read_issuer(jwt.payload);
  if (const auto* fault = std::get_if<ClaimFault>(&iss)) return deny_claim(exchange, *fault);
  const Issuer* issuer = plan_->issuer_named(std::get<std::string_view>(iss));
  if (issuer == nullptr) {
    return deny(reasons::kUnknownIssuer,
                evidence(exchange, "iss={}", printable(std::get<std::string_view>(iss))));
  }
  if (!issuer->settings.takes_type(jwt.type)) {
    return deny(reasons::kType, evidence(exchange, "issuer={} typ={}", issuer->name,
                                         jwt.type.empty() ? "(absent)" : printable(jwt.type)));
  }
  if (auto denial = check_signature(exchange, jwt, *issuer, to.epoch)) return denial;

  auto read = read_claims(jwt.payload, issuer->settings);
  if (const auto* fault = std::get_if<ClaimFault>(&read)) return deny_claim(exchange, *fault);
  auto& claims = std::get<Claims>(read);
  if (claims.is_bound_otherwise) {
    return deny(reasons::kBoundElsewhere, evidence(exchange, "cnf=other"));
  }
  claims.claims.key_id = jwt.key_id;
  to.claims = std::make_shared<const TokenClaims>(std::move(claims.claims));
  to.issuer = issuer->keys;
  return std::nullopt;
}

TokenVerifier::Denial TokenVerifier::check_signature(Exchange& exchange, const UnverifiedJwt& jwt,
                                                     const Issuer& issuer, std::uint64_t& epoch) {
  const auto& allowed = issuer.settings.algorithms;
  if (std::find(allowed.begin(), allowed.end(), jwt.algorithm) == allowed.end()) {
    return deny(reasons::kAlgorithmNotAllowed,
                evidence(exchange, "issuer={} alg={}", issuer.name, to_string(jwt.algorithm)));
  }
  const KeySet* keys = issuer.keys->here(worker_);
  if (keys == nullptr) {
    return deny(reasons::kKeysUnavailable, evidence(exchange, "issuer={}", issuer.name));
  }
  const Key* key = keys->find(jwt.key_id);
  if (key == nullptr) {
    count(issuer.keys->counters(worker_).unknown_keys);
    issuer.keys->ask_for_newer();
    return deny(reasons::kKeyUnknown,
                evidence(exchange, "issuer={} kid={}", issuer.name, printable(jwt.key_id)));
  }
  // RFC 8725 section 3.1: the key says what it is for, never the token.
  if (!key->is_for(jwt.algorithm)) {
    return deny(reasons::kKeyMismatch, evidence(exchange, "issuer={} kid={} alg={}", issuer.name,
                                                printable(key->id), to_string(jwt.algorithm)));
  }
  if (!key->key.verify(jwt.algorithm, jwt.signing_input, jwt.signature)) {
    count(issuer.keys->counters(worker_).bad_signatures);
    return deny(reasons::kSignature,
                evidence(exchange, "issuer={} kid={}", issuer.name, printable(key->id)));
  }
  count(issuer.keys->counters(worker_).verifications);
  epoch = keys->epoch();
  return std::nullopt;
}

TokenVerifier::Denial TokenVerifier::check_times(Exchange& exchange, const TokenClaims& claims,
                                                 Seconds leeway) const {
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
TokenVerifier::Denial TokenVerifier::check_age(Exchange& exchange,
                                               const TokenClaims& claims) const {
  const std::int64_t limit = plan_->entry.max_age.count();
  const std::int64_t now = exchange.now.unix_seconds();
  if (plan_->entry.max_age_rule == MaxAgeRule::age) {
    if (now - claims.issued_at <= limit) return std::nullopt;
    return deny(reasons::kTooOld,
                evidence(exchange, "iat={} now={} max_age={}", claims.issued_at, now, limit));
  }
  if (claims.expires_at - claims.issued_at <= limit) return std::nullopt;
  return deny(reasons::kLifetimeTooLong, evidence(exchange, "iat={} exp={} max_age={}",
                                                  claims.issued_at, claims.expires_at, limit));
}

TokenVerifier::Denial TokenVerifier::check_audience(Exchange& exchange,
                                                    const TokenClaims& claims) const {
  for (const std::string& wanted : plan_->entry.audience) {
    if (std::find(claims.audience.begin(), claims.audience.end(), wanted) != claims.audience.end())
      return std::nullopt;
  }
  return deny(reasons::kAudience, evidence(exchange, "aud={}", printable(claims.audience.front())));
}

TokenVerifier::Denial TokenVerifier::check_binding(Exchange& exchange,
                                                   const TokenClaims& claims) const {
  if (claims.certificate_sha256.empty()) return std::nullopt;
  const auto* certificate = exchange.facts.client_certificate.get();
  if (is_certificate(certificate, claims.certificate_sha256)) return std::nullopt;
  return deny(reasons::kBoundElsewhere,
              evidence(exchange, "certificate={}", certificate ? "another" : "(absent)"));
}

}  // namespace sallyport::bearer
