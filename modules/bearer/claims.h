#pragma once

// Reading the claims of a token by the rules of its issuer (RFC 9068 section 2.2, RFC 7519 section
// 4.1). Types are strict; whether the values are acceptable is the verifier's business.

#include <cstdint>
#include <string_view>
#include <variant>

#include "gateway/json/json.h"
#include "gateway/policy/facts.h"
#include "modules/bearer/settings.h"

namespace sallyport::bearer {

// ClaimFault says which claim is not as it must be. `claim` is a literal or from configuration.
struct ClaimFault {
  enum class Kind : std::uint8_t { missing, malformed };
  Kind kind = Kind::malformed;
  std::string_view claim;
};

struct Claims {
  policy::TokenClaims claims;  // key_id is left to the verifier
  // The token is bound to something else than a certificate, such as a DPoP key (RFC 9449 6.1).
  bool is_bound_otherwise = false;
};

// read_issuer returns "iss" of a payload, or the fault.
std::variant<std::string_view, ClaimFault> read_issuer(const json::Value& payload);

// read_claims reads everything; `settings` must outlive the fault.
std::variant<Claims, ClaimFault> read_claims(const json::Value& payload,
                                             const IssuerSettings& settings);

}  // namespace sallyport::bearer
