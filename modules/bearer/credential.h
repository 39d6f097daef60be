#pragma once

// Finding the one access token of a request (RFC 6750 section 2). Tokens are taken from the
// Authorization field and from nowhere else.

#include <string_view>
#include <variant>

#include "gateway/http/message.h"
#include "gateway/policy/reason.h"

namespace sallyport::bearer {

// find_token returns the token, or the reason why there is none to judge.
std::variant<std::string_view, const policy::Reason*> find_token(const http::RequestHead& request);

// has_token_in_query says whether the query has a parameter "access_token" in any spelling that
// some server behind us might take for it.
bool has_token_in_query(std::string_view query);

}  // namespace sallyport::bearer
