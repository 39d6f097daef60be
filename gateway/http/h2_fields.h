#pragma once

// What a field of HTTP/2 must be, in requests and in answers (RFC 9113 section 8.2).

#include <optional>

#include "gateway/http/message.h"
#include "gateway/http/violation.h"

namespace sallyport::http {

bool is_pseudo_field(const Field& field);

// check_h2_field judges a field that is none: a lower-case name, octets that HTTP/1 allows as well,
// and nothing that is about a connection of HTTP/1.
[[nodiscard]] std::optional<Violation> check_h2_field(const Field& field);

}  // namespace sallyport::http
