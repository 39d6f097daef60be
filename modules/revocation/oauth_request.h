#pragma once

// OauthRequest is what a client sends to the token endpoint (RFC 6749 section 3.2) or the
// revocation endpoint (RFC 7009 section 2.1): a form, and who sends it. Nothing of it is verified
// here: the authorization server authenticates the client.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/http/message.h"

namespace sallyport::revocation {

inline constexpr std::size_t kMaxOauthForm = 64 * 1024;

struct OauthRequest {
  std::string grant_type;
  std::string refresh_token;
  std::string token;
  // Every client that the request names: client_id, the user of Basic, the subject of an assertion
  // (RFC 7523). Which of them the server believes is its own business.
  std::vector<std::string> clients;
};

// read_oauth_request returns nothing for what two readers could read differently: no form, a
// parameter twice (RFC 6749 section 3.2), broken percent-encoding.
std::optional<OauthRequest> read_oauth_request(const http::RequestHead& head,
                                               std::string_view body);

// jwt_payload returns the decoded payload of what has the form of a JWT; nothing of it is verified.
std::optional<std::string> jwt_payload(std::string_view token);

}  // namespace sallyport::revocation
