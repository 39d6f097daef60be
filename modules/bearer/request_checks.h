#pragma once

// What is judged of a token at every request, however well the token is known: it depends on the
// time, the route and the connection.

#include <optional>
#include <string_view>

#include "gateway/policy/exchange.h"
#include "gateway/policy/verdict.h"
#include "modules/bearer/credential.h"
#include "modules/bearer/plan.h"

namespace sallyport::bearer {

// Denial is what a check comes to: why not, or nothing.
using Denial = std::optional<policy::Verdict>;

// check_request makes the checks from Check::times to Check::dpop, in this order. It stops at the
// first denial, unless an operator wants to hear of all.
Denial check_request(policy::Exchange& exchange, const BearerPlan& plan, const Issuer& issuer,
                     const policy::TokenClaims& claims, const Credential& credential);

// check_dpop judges the proof that came with a token that is bound to a key.
Denial check_dpop(policy::Exchange& exchange, const BearerPlan& plan, const Issuer& issuer,
                  const policy::TokenClaims& claims, std::string_view token);

}  // namespace sallyport::bearer
