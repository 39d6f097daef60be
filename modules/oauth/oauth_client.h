#pragma once

// Who a request to an endpoint of OAuth says that it comes from. Nothing of it is verified here:
// the authorization server authenticates the client, and which of several names it believes is its
// own business.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/http/message.h"
#include "modules/oauth/oauth_form.h"

namespace sallyport::oauth {

struct NamedClients {
  // As the RFCs read it, one of each place: client_id, the user of Basic (RFC 6749 section 2.3.1),
  // iss and sub of an assertion (RFC 7523).
  std::vector<std::string> named;
  // What else a server may read there: one that does not decode, or decodes twice.
  std::vector<std::string> also_read;
};

// named_clients fails with what is wrong: two Authorization fields, a Basic that is not base64 or
// has no password, a name that is too long to be revoked.
Result<NamedClients> named_clients(const http::RequestHead& head, const OauthForm& form);

// jwt_payload returns the decoded payload of what has the form of a JWT; nothing of it is verified.
std::optional<std::string> jwt_payload(std::string_view token);

}  // namespace sallyport::oauth
