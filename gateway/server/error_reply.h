#pragma once

// error_reply is the only writer of refusals. It is given a reason's class and the route's error
// profile; evidence never comes here, so nothing internal can reach the wire. Every 401 has a
// challenge with a realm: for Bearer or DPoP, and at an endpoint of OAuth (a POST, a profile of
// that shape, and nobody who asks for a token or brings one) in the scheme by which the client
// authenticates.

#include <string_view>

#include "gateway/http/message.h"
#include "gateway/policy/exchange.h"
#include "gateway/policy/verdict.h"
#include "gateway/server/error_profile.h"

namespace sallyport::server {

struct ErrorReply {
  http::ResponseHead head;  // text in the exchange's arena or in static memory
  std::string_view body;    // empty for HEAD, whose head is the same otherwise
  std::string_view code;    // for the log
};

ErrorReply make_error_reply(policy::Exchange& exchange, const ErrorProfile& profile,
                            policy::ErrorClass kind, const policy::Hint& hint);

}  // namespace sallyport::server
