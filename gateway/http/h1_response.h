#pragma once

// The head of an upstream's HTTP/1 response, as strict as the request's: an upstream that can be
// talked into an ambiguous answer must not be able to poison the next one.

#include <string_view>
#include <variant>

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
std::variant<ResponseHead, Violation> parse_response_head(std::string_view head,
                                                          Method request_method,
                                                          const HeadLimits& limits);

}  // namespace sallyport::http
