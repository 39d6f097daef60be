#pragma once

// Writing HTTP/1 messages. Every append_ function checks what it writes: a name, value or target
// that could end a line or a field early, or a framing field among the fields, makes it return
// false and leave `out` as it was. That is a mistake of ours or of a module, and the message must
// not be sent.

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/http/message.h"

namespace sallyport::http {

// Persistence is what we say about the connection.
enum class Persistence : std::uint8_t {
  keep,         // nothing: the default of HTTP/1.1
  keep_http10,  // "Connection: keep-alive", for a client of HTTP/1.0 that asked for it
  close,        // "Connection: close"
};

// append_request_head writes method, canonical target, HTTP/1.1, Host, the fields and the framing;
// "Expect: 100-continue" if the head still has it.
[[nodiscard]] bool append_request_head(const RequestHead& head, Persistence persistence,
                                       std::string& out);

// append_response_head writes the status line, always of HTTP/1.1, the fields and the framing. An
// empty reason becomes the usual phrase. The maker of the head chooses a framing that the client's
// version knows; until_close needs Persistence::close, or false is returned.
[[nodiscard]] bool append_response_head(const ResponseHead& head, Persistence persistence,
                                        std::string& out);

// A chunk is append_chunk_size, `size` octets of data, kChunkEnd. `size` is above zero: a chunk of
// zero would end the body.
void append_chunk_size(std::uint64_t size, std::string& out);
inline constexpr std::string_view kChunkEnd = "\r\n";

// append_last_chunk ends a chunked body.
[[nodiscard]] bool append_last_chunk(const Fields& trailers, std::string& out);

// reason_phrase returns the usual phrase of a status code (RFC 9110 section 15), or "Unknown".
std::string_view reason_phrase(int status);

}  // namespace sallyport::http
