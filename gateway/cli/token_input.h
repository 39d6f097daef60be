#pragma once

// Tokens that an operator hands over: by standard input, since a command line is seen by everybody
// on the machine and stays in the shell's history.

#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace sallyport::cli {

inline constexpr std::size_t kMaxToken = 32 * 1024;

// read_token takes the first line of standard input; nothing when there is none, or a longer one.
std::optional<std::string> read_token();

// TokenName is how a token is revoked: by its jti, an opaque one by its policy::opaque_token_id.
struct TokenName {
  std::string issuer;  // empty: any
  std::string value;
};

// name_token reads the name out of a JWT without verifying it: a made-up token names a token that
// is not in use. Nothing else of it is believed, such as when it expires.
Result<TokenName> name_token(std::string_view token);

}  // namespace sallyport::cli
