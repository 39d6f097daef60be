#pragma once

// OauthRequest is what a client sends to the token endpoint (RFC 6749 section 3.2) or the
// revocation endpoint (RFC 7009 section 2.1): a form, and who sends it.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/http/message.h"
#include "modules/oauth/oauth_client.h"
#include "modules/oauth/settings.h"

namespace sallyport::oauth {

inline constexpr std::size_t kMaxOauthForm = 64 * 1024;

struct OauthRequest {
  std::string grant_type;
  std::string refresh_token;  // also one that the grant does not ask for: some server may take it
  std::string token;
  // Tokens that are exchanged (RFC 8693).
  std::vector<std::string> exchanged;
  NamedClients clients;
};

// read_oauth_request fails with what is wrong, for the operator, when two readers could find
// different parameters in the request, when it has no form, or when it lacks what the endpoint
// needs. `query` is the only query that the request may have; empty: none.
Result<OauthRequest> read_oauth_request(const http::RequestHead& head, std::string_view body,
                                        Kind kind, std::string_view query);

// check_query_option says what is wrong with a query that requests to an endpoint of OAuth may
// have, or nothing: it must be one that a request can have, without any parameter of OAuth.
std::string check_query_option(std::string_view query);

}  // namespace sallyport::oauth
