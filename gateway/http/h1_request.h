#pragma once

// The head of an HTTP/1 request, parsed at the strictest reading of RFC 9112: what the RFC leaves
// open is refused. After a violation the connection must be closed, as nobody can know where the
// next request would begin.

#include <string_view>
#include <variant>

#include "gateway/base/arena.h"
#include "gateway/http/head_scan.h"
#include "gateway/http/message.h"
#include "gateway/http/violation.h"

namespace sallyport::http {

// parse_request_head reads a head as find_head_end delimits it, with its empty last line. `head`
// must live as long as the arena: the result points into it, and into the arena where a spelling
// had to be made canonical.
//
// In the result, `fields` holds end-to-end fields only: framing and hop-by-hop fields, Expect, the
// fields that Connection named, and Proxy-Authorization (credentials for a forward proxy, which we
// are not) are gone. Host is needed in HTTP/1.0 too. An absolute target must name the same
// authority as Host. An offer to upgrade is dropped, and refused only beside content.
// `expects_continue` is set only when the client asked in HTTP/1.1 and a body follows (RFC 9110
// section 10.1.1). An HTTP/1.0 connection lives on only if the client asked for it.
std::variant<RequestHead, Violation> parse_request_head(std::string_view head,
                                                        const HeadLimits& limits, Arena& arena);

}  // namespace sallyport::http
