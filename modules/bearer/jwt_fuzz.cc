// Fuzzes the reader of tokens and their claims. What it accepts must be what it says: the parts put
// together again are the token, and no accepted token has a second spelling. An input that begins
// with a brace is header and payload on two lines, not yet encoded, so that mutations reach them.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "gateway/base/check.h"
#include "gateway/crypto/base64.h"
#include "modules/bearer/claims.h"
#include "modules/bearer/credential.h"
#include "modules/bearer/jwt.h"
#include "modules/bearer/printable.h"

namespace {

using namespace sallyport;

void check_claims(const json::Value& payload) {
  const bearer::IssuerSettings settings;
  const auto issuer = bearer::read_issuer(payload);
  const auto read = bearer::read_claims(payload, settings);
  const auto* claims = std::get_if<bearer::Claims>(&read);
  if (claims == nullptr) return;
  const policy::TokenClaims& found = claims->claims;
  SALLYPORT_CHECK(!found.audience.empty() && !found.subject.empty() && !found.token_id.empty());
  SALLYPORT_CHECK(found.expires_at >= 0 && found.issued_at >= 0 && found.not_before >= 0);
  SALLYPORT_CHECK(found.certificate_sha256.empty() || found.certificate_sha256.size() == 32);
  if (const auto* text = std::get_if<std::string_view>(&issuer)) {
    SALLYPORT_CHECK(*text == found.issuer);
  }
}

std::string token_of(std::string_view input) {
  if (!input.starts_with('{')) return std::string(input);
  const std::size_t end = input.find('\n');
  const std::string_view payload = end == input.npos ? "" : input.substr(end + 1);
  return crypto::encode_base64url(input.substr(0, end)) + "." + crypto::encode_base64url(payload) +
         "." + crypto::encode_base64url(std::string(64, 's'));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  bearer::has_token_in_query(input);
  bearer::printable(input);
  const std::string token = token_of(input);
  const auto parsed = bearer::parse_jwt(token);
  if (const auto* fault = std::get_if<bearer::JwtFault>(&parsed)) {
    SALLYPORT_CHECK(!bearer::to_string(*fault).empty());
    return 0;
  }
  const auto& jwt = std::get<bearer::UnverifiedJwt>(parsed);
  SALLYPORT_CHECK(!jwt.key_id.empty() && jwt.key_id.size() <= bearer::kMaxKeyIdBytes);
  SALLYPORT_CHECK(std::string(jwt.signing_input) + "." + crypto::encode_base64url(jwt.signature) ==
                  token);
  check_claims(jwt.payload);
  return 0;
}
