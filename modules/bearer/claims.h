#pragma once

// Reading the claims of a token by the rules of its issuer (RFC 9068 section 2.2, RFC 7519 section
// 4.1). Types are strict; whether the values are acceptable is the verifier's business.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/json/json.h"
#include "gateway/policy/token_claims.h"
#include "modules/bearer/settings.h"

namespace sallyport::bearer {

// ClaimFault says which claim is not as it must be; `unexpected` is an "aud" where the issuer's
// tokens have none. `claim` is a literal or from configuration.
struct ClaimFault {
  enum class Kind : std::uint8_t { missing, malformed, unexpected };
  Kind kind = Kind::malformed;
  std::string_view claim;
};

struct Claims {
  policy::TokenClaims claims;  // key_id is left to the verifier
  // The token is bound to something that is neither a certificate nor a DPoP key.
  bool is_bound_otherwise = false;
};

// read_issuer returns "iss" of a payload, or the fault.
std::variant<std::string_view, ClaimFault> read_issuer(const json::Value& payload);

// ClaimRules says what must be there.
struct ClaimRules {
  const std::vector<std::string>& required;
  bool needs_times = true;  // exp and iat
  bool needs_audience = true;
};

// read_claims reads everything; `settings` and the rules must outlive the fault.
std::variant<Claims, ClaimFault> read_claims(const json::Value& payload,
                                             const IssuerSettings& settings,
                                             const ClaimRules& rules);
inline std::variant<Claims, ClaimFault> read_claims(const json::Value& payload,
                                                    const IssuerSettings& settings) {
  return read_claims(payload, settings, {settings.required_claims});
}

}  // namespace sallyport::bearer
