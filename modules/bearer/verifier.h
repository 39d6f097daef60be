#pragma once

// TokenVerifier judges access tokens on one worker by the options of one chain entry. It is the
// only maker of policy::VerifiedToken.

#include <memory>
#include <optional>
#include <string_view>

#include "gateway/policy/exchange.h"
#include "gateway/policy/facts.h"
#include "gateway/policy/token_authority.h"
#include "gateway/policy/verdict.h"
#include "modules/bearer/claims.h"
#include "modules/bearer/jwt.h"
#include "modules/bearer/plan.h"
#include "modules/bearer/request_checks.h"
#include "modules/bearer/token_cache.h"

namespace sallyport::bearer {

class TokenVerifier final : public policy::TokenAuthority {
 public:
  // `cache` is shared by all entries of the worker.
  // `introspector` may be null when no issuer introspects.
  TokenVerifier(std::shared_ptr<const BearerPlan> plan, std::shared_ptr<TokenCache> cache,
                unsigned worker, std::shared_ptr<Introspector> introspector = nullptr);

  // verify judges the token of this exchange; when it allows, exchange.facts.token is set. For an
  // opaque token it may have to wait. The credential points into the exchange.
  policy::Verdict verify(policy::Exchange& exchange, const Credential& credential);

  policy::Verdict ask(policy::Exchange& exchange, std::string_view token, Then then) override;

 private:
  // remembered returns what the cache knows of the token and may still be believed.
  const KnownToken* remembered(std::string_view token, std::int64_t now) const;
  policy::Verdict find_out(policy::Exchange& exchange, const Credential& credential);
  // in_scheme makes a refusal answer a DPoP request in its own scheme.
  policy::Verdict in_scheme(policy::Verdict verdict, const Credential& credential) const;
  // judge makes the checks of every request; the token's bytes are known to be good.
  policy::Verdict judge(policy::Exchange& exchange, const Credential& credential,
                        const KnownToken& known);
  policy::Verdict introspect(policy::Exchange& exchange, const Credential& credential,
                             const Issuer& issuer);
  policy::Verdict conclude(policy::Exchange& exchange, const Credential& credential,
                           const Issuer& issuer, std::string_view answer);
  // read makes a KnownToken of the bytes, by every check that depends on them and the keys only.
  Denial read(policy::Exchange& exchange, std::string_view token, KnownToken& to);
  Denial check_signature(policy::Exchange& exchange, const UnverifiedJwt& jwt, const Issuer& issuer,
                         KnownToken& to) const;
  static const Key* signed_before(const UnverifiedJwt& jwt, const KeySet& keys);
  policy::Verdict deny_unknown_key(policy::Exchange& exchange, const UnverifiedJwt& jwt,
                                   const Issuer& issuer, const KeySet& keys) const;
  policy::Verdict deny_another_key(policy::Exchange& exchange, const UnverifiedJwt& jwt,
                                   const Issuer& issuer, const KeySet& keys,
                                   const policy::Reason& reason) const;

  const std::shared_ptr<const BearerPlan> plan_;
  const std::shared_ptr<TokenCache> cache_;
  const unsigned worker_;
  const std::shared_ptr<Introspector> introspector_;
};

}  // namespace sallyport::bearer
