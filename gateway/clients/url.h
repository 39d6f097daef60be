#pragma once

// Url is an absolute http or https URL (RFC 3986) of the configuration, for requests that the
// gateway makes itself. User parts and fragments are refused, as they have no business there.

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace sallyport::clients {

struct Url {
  bool is_secure = true;   // https
  std::string host;        // lower case; IPv6 without brackets
  std::uint16_t port = 0;  // the scheme's own when none is written
  std::string target;      // path and query as written; "/" at least

  // parse says in one sentence what is wrong; it quotes nothing, as a query may hold a secret.
  static Result<Url> parse(std::string_view text);

  // authority is what a Host field says: without the scheme's own port.
  std::string authority() const;
  std::string text() const;
};

inline constexpr std::size_t kMaxUrlBytes = 2048;

}  // namespace sallyport::clients
