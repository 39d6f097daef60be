#include "modules/oauth/endpoint.h"

#include "gateway/http/field_names.h"
#include "gateway/policy/facts.h"
#include "gateway/policy/revocations.h"
#include "modules/oauth/checks.h"
#include "modules/oauth/reasons.h"

namespace sallyport::oauth {

using policy::Exchange;
using policy::Verdict;

Verdict Endpoint::on_request(Exchange& exchange) {
  // A packed answer would have to be unpacked to be learned.
  exchange.request.fields.remove_if(
      [](const http::Field& field) { return http::equals_folded(field.name, "accept-encoding"); });
  prepare(exchange);
  auto request = read_oauth_request(exchange.request, exchange.body, plan_->kind, plan_->query);
  if (!request) {
    return policy::deny(kRequest, policy::evidence(exchange, "form=\"{}\"", request.error().text));
  }
  policy::passed(exchange, Check::oauth_request);
  return judge(exchange, *std::move(request));
}

Verdict Endpoint::judge_certainty(Exchange& exchange, RestsOn what) {
  policy::Revocations& revocations = exchange.facts.revocations->ask();
  if (revocations.is_known() && (what == RestsOn::nothing_issued || !revocations.may_lag())) {
    return policy::allow();
  }
  policy::must_pass(exchange, Check::freshness);
  Verdict verdict = revocations.judge_certainty(exchange);
  if (std::holds_alternative<policy::Allow>(verdict)) policy::passed(exchange, Check::freshness);
  return verdict;
}

Verdict Endpoint::unavailable(Exchange& exchange, const Error& error) {
  return policy::deny(kGrantsUnavailable, policy::evidence(exchange, "error=\"{}\"", error.text));
}

}  // namespace sallyport::oauth
