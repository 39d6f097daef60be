#pragma once

// Whom a client of the admin port means. A page in somebody's browser can have a name of its own
// point to 127.0.0.1 (DNS rebinding) and read what is answered there, but it cannot choose the Host
// that the browser sends.

#include <string>
#include <string_view>
#include <vector>

#include "gateway/event/http_server.h"

namespace sallyport::admin {

// is_meant says whether each of the request's hosts is `address` (without brackets), localhost or
// one of `names`, with any port: the port is another's behind a tunnel. Only HTTP/1.0 may name
// none.
bool is_meant(const event::OperatorRequest& request, std::string_view address,
              const std::vector<std::string>& names);

}  // namespace sallyport::admin
