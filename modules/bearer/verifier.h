#pragma once

// TokenVerifier judges access tokens on one worker by the options of one chain entry. It is the
// only maker of policy::VerifiedToken.

#include <memory>
#include <optional>
#include <string_view>

#include "gateway/policy/exchange.h"
#include "gateway/policy/verdict.h"
#include "modules/bearer/claims.h"
#include "modules/bearer/jwt.h"
#include "modules/bearer/plan.h"
#include "modules/bearer/token_cache.h"

namespace sallyport::bearer {

class TokenVerifier {
 public:
  // Denial is what a check passes on: why not, or nothing.
  using Denial = std::optional<policy::Verdict>;

  // `cache` is shared by all entries of the worker.
  TokenVerifier(std::shared_ptr<const BearerPlan> plan, std::shared_ptr<TokenCache> cache,
                unsigned worker);

  // verify judges the token of this exchange; when it allows, exchange.facts.token is set.
  policy::Verdict verify(policy::Exchange& exchange, std::string_view token);

 private:
  // remembered returns what the cache knows of the token and may still be believed.
  const SignedToken* remembered(std::string_view token) const;
  // read makes a SignedToken of the bytes, by every check that depends on them and the keys only.
  Denial read(policy::Exchange& exchange, std::string_view token, SignedToken& to);
  Denial check_signature(policy::Exchange& exchange, const UnverifiedJwt& jwt, const Issuer& issuer,
                         std::uint64_t& epoch);
  // The checks that depend on the request: they are made every time.
  Denial check_times(policy::Exchange& exchange, const policy::TokenClaims& claims,
                     Seconds leeway) const;
  Denial check_age(policy::Exchange& exchange, const policy::TokenClaims& claims) const;
  Denial check_audience(policy::Exchange& exchange, const policy::TokenClaims& claims) const;
  Denial check_binding(policy::Exchange& exchange, const policy::TokenClaims& claims) const;

  const std::shared_ptr<const BearerPlan> plan_;
  const std::shared_ptr<TokenCache> cache_;
  const unsigned worker_;
};

}  // namespace sallyport::bearer
