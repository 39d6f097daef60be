#pragma once

// Token introspection (RFC 7662): what is asked of an issuer about an opaque token, and what its
// answer means. No I/O.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "gateway/clients/fetch.h"
#include "modules/bearer/claims.h"
#include "modules/bearer/settings.h"

namespace sallyport::bearer {

inline constexpr std::size_t kMaxIntrospectionBytes = 64 * 1024;

// Inactive is an answer, too.
struct Inactive {};
// UselessAnswer says in a short text what is wrong with an answer; it quotes nothing of it.
struct UselessAnswer {
  std::string_view text;
};
// Mismatch is an active token that would be refused as a JWT, too: another issuer's, or one that is
// bound to what we cannot check.
enum class Mismatch : std::uint8_t { issuer, binding };
// A ClaimFault is about an active token that is none for us: a refresh token, for one, has no
// `aud`.
using Introspected =
    std::variant<policy::TokenClaims, Inactive, ClaimFault, Mismatch, UselessAnswer>;

// introspection_request asks about `token`; the settings were checked when they were loaded.
clients::FetchRequest introspection_request(const IntrospectionSettings& settings,
                                            const clients::Url& url, std::string_view token);

// read_introspection reads an answer of status 200, which came at `now` in Unix seconds. Where the
// issuer tells no `iat`, issued_at is zero: the caller knows since when the token is in use. Some
// tell `expires_in`, seconds from now, instead of `exp`.
Introspected read_introspection(std::string_view body, const IssuerSettings& settings,
                                std::int64_t now);

// is_opaque says whether a token is not even of the form of a JWT or JWE.
bool is_opaque(std::string_view token);

// form_encoded writes text as application/x-www-form-urlencoded.
std::string form_encoded(std::string_view text);

}  // namespace sallyport::bearer
