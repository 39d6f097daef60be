#pragma once

// Finding the end of a head in a buffer that grows, looking at every octet once however the peer
// cuts them; and the limits of a head, which are kept here before anything is parsed.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gateway/http/violation.h"

namespace sallyport::http {

// HeadLimits bound one head. Their defaults stand here: every reader of heads has some, and the
// options of listeners and upstreams (load/settings.h) begin with them.
struct HeadLimits {
  std::size_t max_head_bytes = 32 * 1024;  // from the first octet to the empty line, inclusive
  std::size_t max_start_line = 8 * 1024;   // without its CRLF
  std::size_t max_fields = 100;
  std::size_t max_field_bytes = 16 * 1024;  // one field line without its CRLF
};

enum class StartLine : std::uint8_t { request, status };

// HeadScan is how far a scan has come; a fresh one starts a new head.
struct HeadScan {
  std::size_t scanned = 0;     // octets already searched
  std::size_t line_start = 0;  // of the line that is being received
  bool in_start_line = true;
};

struct HeadProgress {
  enum class State : std::uint8_t { need_more, found, violation };
  State state = State::need_more;
  std::size_t length = 0;  // found: the head's octets, the empty line included
  Violation violation = Violation::truncated_head;  // violation: which
};

// skip_empty_line takes the one empty line off `bytes` that may come before a request (RFC 9112
// section 2.2), of which `skipped` octets came before. It belongs to no message. One octet skipped
// and another that does not follow it: the former is the first of a head.
std::string_view skip_empty_line(std::string_view bytes, std::size_t& skipped);

// find_head_end searches on where `scan` stands. `buffer` begins with the head's first octet and
// holds at least what it held at the call before. Lines must end with CRLF; limits hold while a
// line is still incomplete.
HeadProgress find_head_end(std::string_view buffer, StartLine kind, const HeadLimits& limits,
                           HeadScan& scan);

}  // namespace sallyport::http
