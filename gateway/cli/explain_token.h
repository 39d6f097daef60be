#pragma once

// explain --token: what the token policies of a route say of a token, check by check.

#include <string>

namespace sallyport::cli {

struct TokenQuestion {
  std::string route;   // its id
  std::string config;  // that file's policy; empty: that of the running gateway
  std::string socket;  // of the running gateway
  bool as_json = false;
};

// explain_token reads the token from standard input, prints, and returns the exit status: kFailed
// when the token would be refused.
int explain_token(const TokenQuestion& question);

}  // namespace sallyport::cli
