#include "modules/bearer/verifier.h"

#include <algorithm>
#include <utility>

#include "gateway/policy/opaque_token.h"
#include "modules/bearer/checks.h"
#include "modules/bearer/introspection.h"
#include "modules/bearer/printable.h"
#include "modules/bearer/reasons.h"
#include "modules/bearer/request_checks.h"

namespace sallyport::bearer {
namespace {

using policy::deny;
using policy::evidence;
using policy::Exchange;
using policy::must_pass;
using policy::passed;
using policy::TokenClaims;
using policy::Verdict;

Verdict deny_claim(Exchange& exchange, const ClaimFault& fault) {
  if (fault.kind == ClaimFault::Kind::unexpected) {
    return deny(reasons::kAudience, evidence(exchange, "{}=(present)", fault.claim));
  }
  const bool missing = fault.kind == ClaimFault::Kind::missing;
  return deny(missing ? reasons::kClaimMissing : reasons::kClaimMalformed,
              evidence(exchange, "claim={}", fault.claim));
}

}  // namespace

TokenVerifier::TokenVerifier(std::shared_ptr<const BearerPlan> plan,
                             std::shared_ptr<TokenCache> cache, unsigned worker,
                             std::shared_ptr<Introspector> introspector)
    : plan_(std::move(plan)),
      cache_(std::move(cache)),
      worker_(worker),
      introspector_(std::move(introspector)) {}

Verdict TokenVerifier::verify(Exchange& exchange, const Credential& credential) {
  return in_scheme(find_out(exchange, credential), credential);
}

Verdict TokenVerifier::in_scheme(Verdict verdict, const Credential& credential) const {
  auto* denied = std::get_if<policy::Deny>(&verdict);
  if (denied == nullptr || credential.scheme != Scheme::dpop) return verdict;
  const bool is_plain = std::holds_alternative<std::monostate>(denied->hint);
  if (is_plain && denied->reason->kind == policy::ErrorClass::invalid_token) {
    denied->hint = policy::DpopChallenge{"invalid_token", plan_->dpop_algorithms};
  }
  return verdict;
}

Verdict TokenVerifier::find_out(Exchange& exchange, const Credential& credential) {
  const std::string_view token = credential.token;
  if (const KnownToken* known = remembered(token, exchange.now.unix_seconds())) {
    passed(exchange, Check::remembered, "opaque={}", known->is_opaque);
    return judge(exchange, credential, *known);
  }
  const Issuer* asked = plan_->introspecting();
  if (asked != nullptr && is_opaque(token)) return introspect(exchange, credential, *asked);
  KnownToken read_now;
  if (auto denial = read(exchange, token, read_now)) return *std::move(denial);
  Verdict verdict = judge(exchange, credential, read_now);
  // Only what was accepted is worth remembering.
  if (std::holds_alternative<policy::Allow>(verdict)) cache_->insert(token, std::move(read_now));
  return verdict;
}

Verdict TokenVerifier::judge(Exchange& exchange, const Credential& credential,
                             const KnownToken& known) {
  // A remembered token may be of an issuer that only another chain accepts.
  const Issuer* issuer = plan_->issuer_with(known.issuer.get());
  if (issuer == nullptr) {
    return deny(
        reasons::kUnknownIssuer,
        evidence(exchange, "iss={}", known.claims ? printable(known.claims->issuer) : "(opaque)"));
  }
  passed(exchange, Check::issuer, "issuer={}", issuer->name);
  if (known.claims == nullptr) {
    return deny(reasons::kInactive, evidence(exchange, "issuer={}", issuer->name));
  }
  if (auto denial = check_request(exchange, *plan_, *issuer, *known.claims, credential)) {
    return *std::move(denial);
  }
  exchange.facts.token.emplace(policy::VerifiedToken(
      known.claims, issuer->introspection ? this : nullptr, credential.token));
  return policy::allow();
}

const KnownToken* TokenVerifier::remembered(std::string_view token, std::int64_t now) const {
  const KnownToken* known = cache_->find(token);
  if (known == nullptr) return nullptr;
  if (known->is_opaque) {
    if (now >= known->good_until || now < known->told_at) return nullptr;
    count(known->issuer->counters(worker_).cache_hits);
    return known;
  }
  // Keys that were replaced, or are too old to be believed, take what they vouched for with them.
  const KeySet* keys = known->issuer->here(worker_);
  if (keys == nullptr || keys->epoch() != known->epoch) return nullptr;
  count(known->issuer->counters(worker_).cache_hits);
  known->use->mark(now);
  return known;
}

Verdict TokenVerifier::introspect(Exchange& exchange, const Credential& credential,
                                  const Issuer& issuer) {
  passed(exchange, Check::issuer, "issuer={}", issuer.name);
  must_pass(exchange, Check::introspection, Check::claims);
  if (introspector_->is_full(credential.token)) {
    return deny(reasons::kIntrospectionBusy, evidence(exchange, "issuer={}", issuer.name));
  }
  bool asked = false;
  auto answer = introspector_->ask(credential.token, asked);
  if (asked) count(issuer.keys->counters(worker_).introspections);
  // The plan, and with it the issuer, lives as long as this policy.
  return policy::await(
      std::move(answer),
      [this, credential, &issuer](Exchange& later,
                                  Result<std::shared_ptr<const std::string>> told) -> Verdict {
        if (told) return in_scheme(conclude(later, credential, issuer, **told), credential);
        count(issuer.keys->counters(worker_).introspection_failures);
        return deny(reasons::kIntrospectionFailed,
                    evidence(later, "issuer={} error=\"{}\"", issuer.name, told.error().text));
      });
}

Verdict TokenVerifier::ask(Exchange& exchange, std::string_view token, Then then) {
  const Issuer* issuer = plan_->introspecting();
  if (issuer == nullptr || introspector_ == nullptr) {
    return then(exchange, Error{Fault::gateway, "the issuer has no introspection"});
  }
  if (introspector_->is_full(token)) {
    return then(exchange, Error{Fault::gateway, "too many questions are under way"});
  }
  bool asked = false;
  auto answer = introspector_->ask(token, asked);
  if (asked) count(issuer->keys->counters(worker_).introspections);
  return policy::await(
      std::move(answer),
      [this, issuer, then = std::move(then)](
          Exchange& later, Result<std::shared_ptr<const std::string>> told) -> Verdict {
        const auto failed = [&](std::string_view why) {
          count(issuer->keys->counters(worker_).introspection_failures);
          return then(later, Error{Fault::dependency, std::string(why)});
        };
        if (!told) return failed(told.error().text);
        const auto read = read_introspection(**told, issuer->settings, later.now.unix_seconds());
        if (const auto* useless = std::get_if<UselessAnswer>(&read)) return failed(useless->text);
        if (const auto* fault = std::get_if<ClaimFault>(&read)) return failed(fault->claim);
        if (std::holds_alternative<Mismatch>(read)) return failed("the token is none for us");
        return then(later, std::holds_alternative<TokenClaims>(read));
      });
}

// conclude: the first to hear remembers, so that the others of a coalesced question agree with it.
Verdict TokenVerifier::conclude(Exchange& exchange, const Credential& credential,
                                const Issuer& issuer, std::string_view answer) {
  const std::int64_t now = exchange.now.unix_seconds();
  const auto& settings = issuer.settings.introspection;
  KnownToken known;
  known.is_opaque = true;
  known.issuer = issuer.keys;
  auto read = read_introspection(answer, issuer.settings, now);
  if (const auto* useless = std::get_if<UselessAnswer>(&read)) {
    count(issuer.keys->counters(worker_).introspection_failures);
    return deny(reasons::kIntrospectionFailed,
                evidence(exchange, "issuer={} answer=\"{}\"", issuer.name, useless->text));
  }
  if (!std::holds_alternative<Inactive>(read)) {
    passed(exchange, Check::introspection, "issuer={}", issuer.name);
  }
  if (const auto* fault = std::get_if<ClaimFault>(&read)) return deny_claim(exchange, *fault);
  known.told_at = now;
  if (const auto* mismatch = std::get_if<Mismatch>(&read)) {
    return deny(
        *mismatch == Mismatch::issuer ? reasons::kUnknownIssuer : reasons::kBoundElsewhere,
        evidence(exchange, "issuer={} answer={}", issuer.name,
                 *mismatch == Mismatch::issuer ? "iss of another issuer" : "cnf of another kind"));
  }
  known.good_until = now + settings->negative_ttl.count();
  if (auto* claims = std::get_if<TokenClaims>(&read)) {
    // Without "iat" a token is as old as it has been in use, on whatever worker. That is its age
    // and no more: when it was issued stays unknown.
    if (claims->issued_at == 0) {
      claims->first_seen_at = plan_->sightings->first_seen(credential.token, now);
    }
    known.good_until = std::min(now + settings->max_ttl.count(), claims->expires_at);
    claims->opaque_id = policy::opaque_token_id(credential.token);
    known.claims = std::make_shared<const TokenClaims>(std::move(*claims));
    passed(exchange, Check::claims, "client_id={}", printable(known.claims->client_id));
  }
  Verdict verdict = judge(exchange, credential, known);
  cache_->insert(credential.token, std::move(known));
  return verdict;
}

Denial TokenVerifier::read(Exchange& exchange, std::string_view token, KnownToken& to) {
  must_pass(exchange, Check::form, Check::signature, Check::claims);
  auto parsed = parse_jwt(token);
  if (const auto* fault = std::get_if<JwtFault>(&parsed)) {
    return deny(reasons::of(*fault), evidence(exchange, "token=\"{}\"", to_string(*fault)));
  }
  const auto& jwt = std::get<UnverifiedJwt>(parsed);
  passed(exchange, Check::form, "typ={} alg={} kid={}", printable(jwt.type),
         to_string(jwt.algorithm), printable(jwt.key_id));

  const auto iss = read_issuer(jwt.payload);
  if (const auto* fault = std::get_if<ClaimFault>(&iss)) return deny_claim(exchange, *fault);
  const Issuer* issuer = plan_->issuer_named(std::get<std::string_view>(iss));
  if (issuer == nullptr) {
    return deny(reasons::kUnknownIssuer,
                evidence(exchange, "iss={}", printable(std::get<std::string_view>(iss))));
  }
  if (!issuer->settings.jwks) {
    return deny(reasons::kOpaqueOnly, evidence(exchange, "issuer={}", issuer->name));
  }
  if (!issuer->settings.takes_type(jwt.type)) {
    return deny(reasons::kType, evidence(exchange, "issuer={} typ={}", issuer->name,
                                         jwt.type.empty() ? "(absent)" : printable(jwt.type)));
  }
  passed(exchange, Check::issuer, "issuer={}", issuer->name);
  if (auto denial = check_signature(exchange, jwt, *issuer, to)) return denial;
  passed(exchange, Check::signature, "kid={}", printable(jwt.key_id));

  auto read = read_claims(jwt.payload, issuer->settings);
  if (const auto* fault = std::get_if<ClaimFault>(&read)) return deny_claim(exchange, *fault);
  auto& claims = std::get<Claims>(read);
  if (claims.is_bound_otherwise) {
    return deny(reasons::kBoundElsewhere, evidence(exchange, "cnf=other"));
  }
  passed(exchange, Check::claims, "client_id={} jti={}", printable(claims.claims.client_id),
         printable(claims.claims.token_id));
  claims.claims.key_id = jwt.key_id;
  to.claims = std::make_shared<const TokenClaims>(std::move(claims.claims));
  to.issuer = issuer->keys;
  return std::nullopt;
}

Denial TokenVerifier::check_signature(Exchange& exchange, const UnverifiedJwt& jwt,
                                      const Issuer& issuer, KnownToken& to) const {
  const auto& allowed = issuer.settings.algorithms;
  if (std::find(allowed.begin(), allowed.end(), jwt.algorithm) == allowed.end()) {
    return deny(reasons::kAlgorithmNotAllowed,
                evidence(exchange, "issuer={} alg={}", issuer.name, to_string(jwt.algorithm)));
  }
  const KeySet* keys = issuer.keys->here(worker_);
  if (keys == nullptr) {
    return deny(reasons::kKeysUnavailable, evidence(exchange, "issuer={}", issuer.name));
  }
  if (keys->is_denied(jwt.key_id)) {
    return deny(reasons::kKeyDenied,
                evidence(exchange, "issuer={} kid={}", issuer.name, printable(jwt.key_id)));
  }
  const Key* key = keys->find(jwt.key_id);
  if (key == nullptr) return deny_unknown_key(exchange, jwt, issuer, *keys);
  // RFC 8725 section 3.1: the key says what it is for, never the token.
  if (!key->is_for(jwt.algorithm)) {
    return deny_another_key(exchange, jwt, issuer, *keys, reasons::kKeyMismatch);
  }
  if (!key->key->verify(jwt.algorithm, jwt.signing_input, jwt.signature)) {
    count(issuer.keys->counters(worker_).bad_signatures);
    return deny_another_key(exchange, jwt, issuer, *keys, reasons::kSignature);
  }
  count(issuer.keys->counters(worker_).verifications);
  key->use->mark(exchange.now.unix_seconds());
  to.use = key->use.get();
  to.epoch = keys->epoch();
  return std::nullopt;
}

// signed_before returns the key that had this id before, if the signature is really its own:
// anybody can name it.
const Key* TokenVerifier::signed_before(const UnverifiedJwt& jwt, const KeySet& keys) {
  const Key* old = keys.find_withdrawn(jwt.key_id);
  if (old == nullptr || !old->is_for(jwt.algorithm)) return nullptr;
  return old->key->verify(jwt.algorithm, jwt.signing_input, jwt.signature) ? old : nullptr;
}

Verdict TokenVerifier::deny_unknown_key(Exchange& exchange, const UnverifiedJwt& jwt,
                                        const Issuer& issuer, const KeySet& keys) const {
  count(issuer.keys->counters(worker_).unknown_keys);
  issuer.keys->ask_for_newer();
  const auto seen = evidence(exchange, "issuer={} kid={}", issuer.name, printable(jwt.key_id));
  const Key* old = signed_before(jwt, keys);
  if (old == nullptr) return deny(reasons::kKeyUnknown, seen);
  old->use->mark(exchange.now.unix_seconds());
  return deny(reasons::kKeyWithdrawn, seen);
}

// deny_another_key: the id is known, and its key has not signed this. An issuer that gives an id to
// another key may have done so before the last reading of its keys, or since: so they are read
// again.
Verdict TokenVerifier::deny_another_key(Exchange& exchange, const UnverifiedJwt& jwt,
                                        const Issuer& issuer, const KeySet& keys,
                                        const policy::Reason& reason) const {
  issuer.keys->ask_for_newer();
  const auto seen = evidence(exchange, "issuer={} kid={} alg={}", issuer.name,
                             printable(jwt.key_id), to_string(jwt.algorithm));
  const Key* old = signed_before(jwt, keys);
  if (old == nullptr) return deny(reason, seen);
  old->use->mark(exchange.now.unix_seconds());
  return deny(reasons::kKeyReplaced, seen);
}

}  // namespace sallyport::bearer
