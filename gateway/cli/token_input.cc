#include "gateway/cli/token_input.h"

#include <algorithm>
#include <iostream>

#include "gateway/base/text.h"
#include "gateway/crypto/base64.h"
#include "gateway/http/field_names.h"
#include "gateway/json/json.h"
#include "gateway/policy/opaque_token.h"

namespace sallyport::cli {
namespace {

Error mistake(std::string text) { return {Fault::client, std::move(text)}; }

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<std::string> read_token() {
  std::string text(kMaxToken + 64, '\0');
  std::cin.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::cin.gcount()));
  const std::string_view token = bare_token(text);
  if (token.empty() || token.size() > kMaxToken || text.size() == kMaxToken + 64)
    return std::nullopt;
  return std::string(token);
}

std::string_view bare_token(std::string_view text) {
  const std::string_view all = without_blanks(text);
  for (const std::string_view scheme : {"Bearer", "DPoP"}) {
    if (!equals_ignoring_case(all.substr(0, scheme.size()), scheme)) continue;
    const std::string_view rest = all.substr(scheme.size());
    if (rest.empty()) return {};  // the scheme alone
    if (is_blank(rest.front())) return without_blanks(rest);
  }
  return all;
}

Result<TokenName> name_token(std::string_view token) {
  if (std::ranges::any_of(token, is_blank)) {
    return mistake(
        "standard input has several words: give one token, in one line, with at most its scheme "
        "(Bearer, DPoP) before it");
  }
  if (!http::is_token68(token)) {
    return mistake(
        "this is no token: it has characters that no token has (RFC 9110 11.2), quotes for "
        "example");
  }
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
