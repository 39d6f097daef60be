#pragma once

// Where a message's body ends (RFC 9112 section 6.3), at the strictest reading: what could be read
// in two ways is refused, and the connection is closed by whoever is told so.

#include <cstdint>
#include <string_view>
#include <variant>

#include "gateway/http/control_fields.h"
#include "gateway/http/message.h"
#include "gateway/http/violation.h"

namespace sallyport::http {

// The largest body length there is: larger values overflow somewhere behind us.
inline constexpr std::uint64_t kMaxContentLength = (std::uint64_t{1} << 63) - 1;

// parse_content_length reads a plain decimal number without sign, white space or leading zero.
std::variant<std::uint64_t, Violation> parse_content_length(std::string_view value);

// frame_request: Transfer-Encoding must be exactly `chunked`, in HTTP/1.1, without Content-Length.
std::variant<BodyShape, Violation> frame_request(const ControlFields& control, int version_minor);

struct ResponseFraming {
  BodyShape body;
  std::optional<std::uint64_t> announced_length;  // as in ResponseHead
  bool withholds_content = false;                 // as in ResponseHead
  std::uint8_t slips = 0;                         // as in ResponseHead
};

// frame_response applies the same rules; answers to HEAD and 304 have no body whatever they
// announce, 1xx may announce none but an empty one. What 204 announces is a slip: its sender may
// send it, so the connection is not used again.
std::variant<ResponseFraming, Violation> frame_response(const ControlFields& control,
                                                        int version_minor, int status,
                                                        Method request_method);

}  // namespace sallyport::http
