#pragma once

// The head of an upstream's HTTP/1 response. Where it ends and what follows is read as strictly as
// in a request: an upstream that can be talked into an ambiguous answer must not be able to poison
// the next one. Faults that leave no doubt about that are tolerated (Slip).

#include <string_view>
#include <variant>

#include "gateway/base/arena.h"
#include "gateway/http/head_scan.h"
#include "gateway/http/message.h"
#include "gateway/http/violation.h"

namespace sallyport::http {

// parse_response_head reads a head as find_head_end delimits it. `head` must live as long as what
// the result is used for. Every violation means: no usable answer, close this connection.
//
// Interim answers (1xx) come out like any other head, without a body; 101 is refused, as no
// upgrade is ever asked for. HTTP/1.0 is accepted. `keep_alive` is false whenever the body ends
// with the connection. Fields are end-to-end only, as in a request; an Upgrade offer is dropped.
//
// With `repairs`, field lines that are folded or have white space before their colon are repaired
// there and noted (ResponseHead::slips), but for those that say where the answer ends; without,
// they are violations.
std::variant<ResponseHead, Violation> parse_response_head(std::string_view head,
                                                          Method request_method,
                                                          const HeadLimits& limits,
                                                          Arena* repairs = nullptr);

}  // namespace sallyport::http
