// Whether a DPoP proof is for this very request: RFC 9449 section 4.3.

#include <string>

#include "gateway/base/text.h"
#include "gateway/crypto/base64.h"
#include "modules/bearer/dpop_proof.h"
#include "modules/bearer/printable.h"
#include "modules/bearer/reasons.h"
#include "modules/bearer/request_checks.h"
#include "modules/bearer/request_url.h"

namespace sallyport::bearer {
namespace {

using policy::Exchange;
using policy::Reason;

constexpr std::string_view kField = "dpop";

// refuse tells the client which of the two errors of RFC 9449 it is.
policy::Verdict refuse(const BearerPlan& plan, const Reason& reason, policy::Evidence evidence) {
  const std::string_view error =
      &reason == &reasons::kDpopNonce ? "use_dpop_nonce" : "invalid_dpop_proof";
  return policy::deny(reason, evidence, policy::DpopChallenge{error, plan.dpop_algorithms});
}

std::string origin_of(const Exchange& exchange, const BearerPlan& plan) {
  if (!plan.entry.dpop.origin.empty()) return plan.entry.dpop.origin;
  const std::string_view scheme = exchange.connection.tls_version.empty() ? "http://" : "https://";
  return std::string(scheme).append(exchange.request.authority);
}

Denial check_target(Exchange& exchange, const BearerPlan& plan, const DpopProof& proof) {
  if (proof.method != exchange.request.method_text) {
    return refuse(plan, reasons::kDpopRequest,
                  policy::evidence(exchange, "htm={}", printable(proof.method)));
  }
  const std::string origin = origin_of(exchange, plan);
  if (is_same_url(proof.url, origin, exchange.request.target.path)) return std::nullopt;
  return refuse(
      plan, reasons::kDpopRequest,
      policy::evidence(exchange, "htu={} origin={}", printable(proof.url), printable(origin)));
}

Denial check_time(Exchange& exchange, const BearerPlan& plan, const Issuer& issuer,
                  const DpopProof& proof) {
  const std::int64_t now = exchange.now.unix_seconds();
  const bool is_good = proof.issued_at >= now - plan.entry.dpop.window.count() &&
                       proof.issued_at <= now + issuer.settings.leeway.count();
  if (is_good) return std::nullopt;
  return refuse(plan, reasons::kDpopStale,
                policy::evidence(exchange, "iat={} now={}", proof.issued_at, now));
}

// check_replay comes last: only a proof that is good otherwise takes up room.
Denial check_replay(Exchange& exchange, const BearerPlan& plan, const DpopProof& proof) {
  using Outcome = ReplayTable::Outcome;
  const std::int64_t until = proof.issued_at + plan.entry.dpop.window.count();
  const std::string what = std::string(crypto::as_text(proof.key)).append(proof.id);
  switch (plan.dpop->replays.insert(what, exchange.now.unix_seconds(), until)) {
    case Outcome::fresh:
      return std::nullopt;
    case Outcome::replayed:
      return refuse(plan, reasons::kDpopReplayed,
                    policy::evidence(exchange, "jti={}", printable(proof.id)));
    case Outcome::full:
      return policy::deny(reasons::kDpopFull);
  }
  return policy::deny(reasons::kDpopFull);
}

}  // namespace

Denial check_dpop(Exchange& exchange, const BearerPlan& plan, const Issuer& issuer,
                  const policy::TokenClaims& claims, std::string_view token) {
  const http::Fields& fields = exchange.request.fields;
  const http::Field* field = fields.find(kField);
  if (field == nullptr || fields.count(kField) > 1) {
    return refuse(plan, reasons::kDpopMissing,
                  policy::evidence(exchange, "fields={}", fields.count(kField)));
  }
  const auto read = read_dpop_proof(field->value, plan.entry.dpop.algorithms);
  if (const auto* fault = std::get_if<ProofFault>(&read)) {
    return refuse(plan, reasons::kDpopProof,
                  policy::evidence(exchange, "proof=\"{}\"", fault->text));
  }
  const auto& proof = std::get<DpopProof>(read);
  if (crypto::as_text(proof.key) != claims.key_sha256) return refuse(plan, reasons::kDpopKey, {});
  if (auto denial = check_target(exchange, plan, proof)) return denial;
  if (proof.token != crypto::encode_base64url(crypto::as_text(crypto::sha256(token)))) {
    return refuse(plan, reasons::kDpopToken, {});
  }
  if (auto denial = check_time(exchange, plan, issuer, proof)) return denial;
  if (plan.entry.dpop.nonce &&
      !plan.dpop->nonces.is_good(proof.nonce, exchange.now.unix_seconds())) {
    return refuse(plan, reasons::kDpopNonce, {});
  }
  return check_replay(exchange, plan, proof);
}

}  // namespace sallyport::bearer
