#pragma once

// Grant is what the gateway has learned of a token when the authorization server issued it: whose
// it is, under what, and since when. A refresh token says nothing of this itself.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/policy/revocations.h"

namespace sallyport::oauth {

inline constexpr std::size_t kMaxTokenResponse = 64 * 1024;

struct Grant {
  std::string subject;
  std::string client;
  std::string consent;
  std::string access_id;         // how the access token is revoked: its jti, or opaque_token_id
  std::int64_t granted_at = 0;   // Unix seconds: when the user agreed, not when it was refreshed
  std::int64_t access_ends = 0;  // when the access token expires
  std::int64_t expires = 0;      // when this is forgotten

  friend bool operator==(const Grant&, const Grant&) = default;
};

// encode_grant and decode_grant are the form on disk. Decoding returns nothing for what encoding
// did not make.
std::string encode_grant(const Grant& grant);
std::optional<Grant> decode_grant(std::string_view bytes);

// grant_key is a token's key on disk: its SHA-256. No token is stored.
std::string grant_key(std::string_view token);

// read_token_response reads the answer of a token endpoint (RFC 6749 section 5.1): the grant, and
// the keys of the tokens that it is known by. Nothing: the answer is no such thing. Names that are
// too long to be revoked (policy::kMaxRevocableName) are not learned.
struct LearnedGrant {
  Grant grant;
  std::vector<std::string> keys;  // of the access token, and of the refresh token if there is one
  bool has_long_name = false;
};
std::optional<LearnedGrant> read_token_response(std::string_view body, std::int64_t now);

}  // namespace sallyport::oauth
