#include "gateway/clients/url.h"

#include <algorithm>
#include <variant>

#include "gateway/base/arena.h"
#include "gateway/base/text.h"
#include "gateway/http/authority.h"

namespace sallyport::clients {
namespace {

constexpr std::string_view kSecure = "https://";
constexpr std::string_view kPlain = "http://";
constexpr std::uint16_t kSecurePort = 443;
constexpr std::uint16_t kPlainPort = 80;

Error wrong(std::string_view text) { return {Fault::gateway, "URL " + std::string(text)}; }

bool starts_with(std::string_view text, std::string_view prefix) {
  return equals_ignoring_case(text.substr(0, prefix.size()), prefix);
}

// is_target_character accepts pchar, "/" and "?" (RFC 3986 sections 3.3 and 3.4) and "%".
bool is_target_character(char c) {
  return is_alpha(c) || is_digit(c) ||
         std::string_view("-._~!$&'()*+,;=:@/?%").find(c) != std::string_view::npos;
}

bool is_target(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_target_character(text[i])) return false;
    if (text[i] != '%') continue;
    if (i + 2 >= text.size() || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0) {
      return false;
    }
  }
  return true;
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  if (text.size() > kMaxUrlBytes) return wrong("is longer than 2048 bytes");
  Url url;
  url.is_secure = starts_with(text, kSecure);
  if (!url.is_secure && !starts_with(text, kPlain)) {
    return wrong("must begin with https:// or http://");
  }
  text.remove_prefix(url.is_secure ? kSecure.size() : kPlain.size());
  if (text.find('#') != std::string_view::npos) return wrong("must have no fragment (#)");

  const std::size_t authority_end = std::min(text.find_first_of("/?"), text.size());
  if (text.substr(0, authority_end).find('@') != std::string_view::npos) {
    return wrong("must have no user or password");
  }
  Arena arena;
  const auto authority = http::parse_authority(text.substr(0, authority_end), arena);
  const auto* parsed = std::get_if<http::Authority>(&authority);
  if (parsed == nullptr) return wrong("has no valid host or port");
  url.host = parsed->host;
  if (url.host.front() == '[') url.host = url.host.substr(1, url.host.size() - 2);
  url.port = parsed->port.value_or(url.is_secure ? kSecurePort : kPlainPort);

  text.remove_prefix(authority_end);
  if (!is_target(text)) return wrong("has a character in its path or query that must be escaped");
  url.target = text.empty() || text.front() == '?' ? "/" : "";
  url.target += text;
  return url;
}

std::string Url::authority() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  std::string text = is_v6 ? "[" + host + "]" : host;
  if (port != (is_secure ? kSecurePort : kPlainPort)) text += ":" + std::to_string(port);
  return text;
}

std::string Url::text() const {
  return std::string(is_secure ? kSecure : kPlain) + authority() + target;
}

}  // namespace sallyport::clients
