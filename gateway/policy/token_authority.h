#pragma once

// TokenAuthority is who may be asked about a verified token again: its issuer (RFC 7662). The
// policy that verified the token knows where and how; one that judges later, and must not believe
// what it knows itself, asks through the fact (facts.h).

#include <functional>
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/policy/verdict.h"

namespace sallyport::policy {

class TokenAuthority {
 public:
  // Then gives the verdict: whether the issuer says that the token is active, or why it does not
  // say. It captures nothing that dies sooner than the policy that asks.
  using Then = std::function<Verdict(Exchange&, Result<bool> active)>;

  // ask asks now, whatever was remembered; one question may serve many requests. `token` lives as
  // long as the exchange. An issuer that cannot be asked is an error at once.
  virtual Verdict ask(Exchange& exchange, std::string_view token, Then then) = 0;

 protected:
  ~TokenAuthority() = default;
};

}  // namespace sallyport::policy
