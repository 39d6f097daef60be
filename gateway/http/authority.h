#pragma once

// Authority is the host[:port] of a request, as a Host field, an absolute target or HTTP/2's
// :authority give it (RFC 9110 section 4.2, RFC 3986 section 3.2).

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "gateway/base/arena.h"
#include "gateway/http/violation.h"

namespace sallyport::http {

struct Authority {
  std::string_view text;  // the whole, in lower case
  std::string_view host;  // without port; IPv6 literals keep their brackets
  std::optional<std::uint16_t> port;
};

// parse_authority accepts a host name of letters, digits, '-' and '_', a dotted IPv4 address, or a
// bracketed IPv6 address, then perhaps a port between 1 and 65535 without leading zeros. One host
// has one spelling: no user part, no trailing dot, no escapes, no numbers that only some resolvers
// take for an address. The views point into `raw`, or into the arena if a letter was upper case.
std::variant<Authority, Violation> parse_authority(std::string_view raw, Arena& arena);

}  // namespace sallyport::http
