#pragma once

// What a request may ask for, the same in every version of HTTP.

#include <optional>
#include <string_view>

#include "gateway/http/message.h"
#include "gateway/http/violation.h"

namespace sallyport::http {

// read_method fills in the method. Methods are case-sensitive (RFC 9110 section 9.1); one with
// lower-case letters could pass a rule on GET here and be GET behind us. CONNECT and TRACE are
// refused (sections 9.3.6 and 9.3.8).
[[nodiscard]] std::optional<Violation> read_method(std::string_view token, RequestHead& request);

}  // namespace sallyport::http
