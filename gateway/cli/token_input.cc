#include "gateway/cli/token_input.h"

#include <algorithm>
#include <iostream>

#include "gateway/crypto/base64.h"
#include "gateway/json/json.h"
#include "gateway/policy/opaque_token.h"

namespace sallyport::cli {
namespace {

Error mistake(std::string text) { return {Fault::client, std::move(text)}; }

}  // namespace

std::optional<std::string> read_token() {
  std::string token(kMaxToken + 2, '\0');
  std::cin.read(token.data(), static_cast<std::streamsize>(token.size()));
  token.resize(static_cast<std::size_t>(std::cin.gcount()));
  token = token.substr(0, token.find('\n'));
  if (token.ends_with('\r')) token.pop_back();
  if (token.empty() || token.size() > kMaxToken) return std::nullopt;
  return token;
}

Result<TokenName> name_token(std::string_view token) {
  const auto points = std::count(token.begin(), token.end(), '.');
  if (points == 4) return mistake("the token is encrypted: revoke it by its jti");
  if (points != 2) return TokenName{{}, policy::opaque_token_id(token)};
  const std::size_t begin = token.find('.') + 1;
  const auto payload = crypto::decode_base64url(token.substr(begin, token.rfind('.') - begin));
  const auto claims = json::parse(payload.value_or(""), {.max_bytes = kMaxToken});
  if (!claims || !claims->is_object()) return mistake("the token is no JWT, although it looks so");
  TokenName name{std::string(claims->member("iss").string().value_or("")),
                 std::string(claims->member("jti").string().value_or(""))};
  if (name.value.empty()) {
    return mistake(
        "the token has no jti that could name it: revoke its subject, client or consent");
  }
  return name;
}

}  // namespace sallyport::cli
