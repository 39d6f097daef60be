#pragma once

// A strict reader of compact JWS tokens (RFC 7515 section 7.1). It says what the token claims to
// be; nothing that it returns has been verified. What the standards leave open is refused.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "gateway/json/json.h"
#include "modules/bearer/algorithm.h"

namespace sallyport::bearer {

// JwtFault names the rule that a token breaks.
enum class JwtFault : std::uint8_t {
  not_three_parts,
  encrypted,
  header_not_base64url,
  header_not_json,
  payload_not_base64url,
  payload_not_json,
  duplicate_member,
  too_deep,
  invalid_utf8,
  nul,
  number_too_large,
  signature_not_base64url,
  signature_empty,
  signature_length,
  signature_zero,
  nested,
  type_not_text,
  algorithm_missing,
  algorithm_none,
  algorithm_symmetric,
  algorithm_unknown,
  critical,
  unencoded_payload,
  compressed,
  key_id_missing,
  key_id_too_long,
};

// to_string returns a short text for the operator; it quotes nothing of the token.
std::string_view to_string(JwtFault fault);

inline constexpr std::size_t kMaxKeyIdBytes = 256;

// UnverifiedJwt is a token taken apart. signing_input points into the token that was parsed; the
// other views point into header and payload and live as long as this object or a copy of it.
struct UnverifiedJwt {
  json::Value header;   // always an object
  json::Value payload;  // always an object
  Algorithm algorithm{};
  std::string_view key_id;         // up to kMaxKeyIdBytes bytes of whatever the sender likes
  std::string_view type;           // "typ"; empty when absent
  std::string_view signing_input;  // the first two parts and the point between them
  std::string signature;           // decoded, not empty
};

// KeyNaming says whether a token must name its key: access tokens do, DPoP proofs bring it along.
enum class KeyNaming : std::uint8_t { required, optional };

// parse_jwt reads the whole of `token`; its length is the caller's to limit.
std::variant<UnverifiedJwt, JwtFault> parse_jwt(std::string_view token,
                                                KeyNaming naming = KeyNaming::required);

// is_type says whether `type` is `expected`, by RFC 7515 section 4.1.9: any case, and an
// "application/" in front means nothing.
bool is_type(std::string_view type, std::string_view expected);

}  // namespace sallyport::bearer
