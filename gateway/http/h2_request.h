#pragma once

// A request of HTTP/2 in the same parsed form as one of HTTP/1, at the strictest reading of RFC
// 9113 section 8: what could come out behind us as another message than the one that was judged is
// refused. The octets of names and values are held to the rules of HTTP/1, since that is what they
// become.

#include <optional>
#include <variant>

#include "gateway/base/arena.h"
#include "gateway/http/header_block.h"
#include "gateway/http/message.h"
#include "gateway/http/violation.h"

namespace sallyport::http {

// parse_h2_request reads the header block that opens a stream; `ends_stream` says that no body
// follows. The result points into `arena`. In it, several Cookie fields are one (RFC 9113 section
// 8.2.3), and a body without Content-Length is `chunked`: of a length that nobody knows yet.
//
// Refused: pseudo-header fields that are missing, double, unknown or late; another scheme than
// https; a target that is neither a path nor "*"; an :authority that differs from Host; upper-case
// names; the fields of RFC 9113 section 8.2.2, and TE but for "trailers"; Content-Length that
// contradicts `ends_stream`; and all that is refused in HTTP/1.
std::variant<RequestHead, Violation> parse_h2_request(const HeaderBlock& block, bool ends_stream,
                                                      Arena& arena);

// parse_h2_trailers reads the header block that ends a stream after its body. A field that must not
// be among them is refused, or with `slips` dropped and noted there (Slip).
[[nodiscard]] std::optional<Violation> parse_h2_trailers(const HeaderBlock& block, Arena& arena,
                                                         Fields& trailers,
                                                         std::uint8_t* slips = nullptr);

}  // namespace sallyport::http
