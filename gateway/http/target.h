#pragma once

// The request target in its one spelling. What the routes judge is, octet for octet, what is
// forwarded; anything that two servers could read differently is refused, not repaired.

#include <string_view>
#include <variant>

#include "gateway/base/arena.h"
#include "gateway/http/message.h"
#include "gateway/http/violation.h"

namespace sallyport::http {

struct RequestTarget {
  Target target;
  std::string_view authority;  // of the absolute form, as received; empty for the other forms
};

// canonicalise reads the origin form ("/path?query"), the absolute form with http or https, and "*"
// for OPTIONS (RFC 9112 section 3.2). The path's escapes are decoded once where they stand for
// unreserved characters and kept with upper-case digits elsewhere (RFC 3986 section 6.2.2). The
// query is checked and kept as received, but for the characters [ ] { } | ^, which are replaced by
// their escapes and noted (Target::has_lax_query): the caller refuses such a target as
// target_illegal_character unless its route takes it. canonicalise(canonicalise(x)) is
// canonicalise(x).
//
// Refused in a path: bad escapes; encoded or raw control characters; '/' or '\' in encoded and '\'
// in any form; ';' in any form; "." and ".." segments, also encoded; empty segments; octets that
// are not shortest-form UTF-8; an escaped '%' that two hexadecimal digits follow. Refused
// everywhere: white space, '#', raw octets beyond ASCII, characters that RFC 3986 does not allow.
//
// The views point into `raw`, or into the arena where something had to be rewritten. The caller
// limits the length of `raw`; the query can become three times as long.
std::variant<RequestTarget, Violation> canonicalise(std::string_view raw, Method method,
                                                    Arena& arena);

}  // namespace sallyport::http
