#pragma once

// Finding the one access token of a request (RFC 6750 section 2). Tokens are taken from the
// Authorization field and from nowhere else.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include "gateway/http/message.h"
#include "gateway/policy/reason.h"

namespace sallyport::bearer {

// Scheme is how the token was presented: by itself, or with a proof of RFC 9449.
enum class Scheme : std::uint8_t { bearer, dpop };

struct Credential {
  Scheme scheme = Scheme::bearer;
  std::string_view token;
};

// find_token returns the token, or the reason why there is none to judge. `body` is that of a form,
// else empty.
std::variant<Credential, const policy::Reason*> find_token(const http::RequestHead& request,
                                                           std::string_view body);

// is_form says whether the request's body is a form, in which RFC 6750 section 2.2 would allow a
// token. Such a body must be looked at, up to kMaxForm bytes.
inline constexpr std::size_t kMaxForm = 64 * 1024;
bool is_form(const http::RequestHead& request);

// has_token_in_form says the same of a form's body as has_token_in_query of a query.
bool has_token_in_form(std::string_view body);

// has_token_in_query says whether the query has a parameter "access_token" in any spelling that
// some server behind us might take for it.
bool has_token_in_query(std::string_view query);

}  // namespace sallyport::bearer
