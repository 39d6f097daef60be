#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sallyport::policy {

// TokenClaims is the content of a verified token that others may judge by. Times are Unix seconds;
// a missing claim is an empty string or zero.
struct TokenClaims {
  std::string issuer;
  std::string subject;
  std::string client_id;
  std::string token_id;   // jti
  std::string opaque_id;  // of an opaque token, see opaque_token.h; empty for a JWT
  std::string key_id;     // kid of the key that verified it
  std::string consent_id;
  std::string scope_text;  // space separated
  std::vector<std::string> scopes;
  std::vector<std::string> audience;
  std::int64_t issued_at = 0;  // zero: the issuer does not say, so it is before every cut-off
  // Where issued_at is not known: when the token was first seen here, which is no earlier. It
  // serves the token's age and nothing else.
  std::int64_t first_seen_at = 0;
  std::int64_t not_before = 0;
  std::int64_t expires_at = 0;
  std::string certificate_sha256;  // cnf.x5t#S256, 32 raw bytes when bound
  std::string key_sha256;          // cnf.jkt (RFC 9449 section 6.1), 32 raw bytes when bound
};

}  // namespace sallyport::policy
