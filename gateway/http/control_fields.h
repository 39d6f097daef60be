#pragma once

// ControlFields is what a head says about its connection and its framing, taken out of its fields:
// what remains is end-to-end and may be judged and forwarded.

#include <optional>
#include <string_view>

#include "gateway/http/message.h"
#include "gateway/http/violation.h"

namespace sallyport::http {

struct ControlFields {
  std::optional<std::string_view> host;
  std::optional<std::string_view> content_length;
  std::optional<std::string_view> transfer_encoding;
  std::optional<std::string_view> expect;
  bool close = false;       // Connection: close
  bool keep_alive = false;  // Connection: keep-alive
  bool upgrade = false;     // Upgrade or HTTP2-Settings is present, or Connection names upgrade
};

// take_control_fields removes from `fields` everything that is_framing or is_hop_by_hop, the fields
// that Connection names (RFC 9110 section 7.6.1) and look-alikes of fields that are is_known, such
// as `Content_Type`; and fills `control`. Refused: a second Host, Content-Length or
// Transfer-Encoding, even if equal; look-alikes of all these (`Content_Length`, `Content.Length`);
// a Connection option that is no token or names a field that is_unlistable.
[[nodiscard]] std::optional<Violation> take_control_fields(Fields& fields, ControlFields& control);

}  // namespace sallyport::http
