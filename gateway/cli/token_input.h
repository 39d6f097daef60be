#pragma once

// Tokens that an operator hands over: by standard input, since a command line is seen by everybody
// on the machine and stays in the shell's history.

#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace sallyport::cli {

inline constexpr std::size_t kMaxToken = 32 * 1024;

// read_token takes the token out of standard input; nothing when there is none, or a longer text.
std::optional<std::string> read_token();

// bare_token takes off what people copy with a token: white space around it, and one scheme of
// Authorization (Bearer, DPoP; RFC 6750 section 2.1, RFC 9449 section 7.1) before it.
std::string_view bare_token(std::string_view text);

// TokenName is how a token is revoked: by its jti, an opaque one by its policy::opaque_token_id.
struct TokenName {
  std::string issuer;  // empty: any
  std::string value;
};

// name_token reads the name out of a JWT without verifying it: a made-up token names a token that
// is not in use. Nothing else of it is believed, such as when it expires. What no request could
// carry as its token (RFC 9110 section 11.2, token68) is refused: it would name nothing.
Result<TokenName> name_token(std::string_view token);

}  // namespace sallyport::cli
