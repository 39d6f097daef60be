#include "modules/revocation/oauth_request.h"

#include <algorithm>
#include <map>

#include "gateway/base/text.h"
#include "gateway/crypto/base64.h"
#include "gateway/json/json.h"

namespace sallyport::revocation {
namespace {

constexpr std::string_view kForm = "application/x-www-form-urlencoded";

// decode_form reads one name or value of a form.
std::optional<std::string> decode_form(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

bool is_form(const http::RequestHead& head) {
  const http::Field* type = head.fields.find("content-type");
  return type != nullptr && head.fields.count("content-type") == 1 &&
         equals_ignoring_case(trim(type->value.substr(0, type->value.find(';'))), kForm);
}

using Parameters = std::map<std::string, std::string>;

std::optional<Parameters> read_form(std::string_view body) {
  Parameters parameters;
  while (!body.empty()) {
    const std::string_view pair = body.substr(0, body.find('&'));
    body.remove_prefix(std::min(body.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    auto name = decode_form(pair.substr(0, equals));
    auto value = decode_form(equals == pair.npos ? std::string_view() : pair.substr(equals + 1));
    if (!name || !value) return std::nullopt;
    if (!parameters.emplace(*std::move(name), *std::move(value)).second) return std::nullopt;
  }
  return parameters;
}

// basic_client is the user of Basic, which is encoded as in a form (RFC 6749 section 2.3.1).
std::optional<std::string> basic_client(const http::RequestHead& head) {
  constexpr std::string_view kBasic = "basic ";
  const http::Field* field = head.fields.find("authorization");
  if (field == nullptr || field->value.size() <= kBasic.size()) return std::nullopt;
  if (!equals_ignoring_case(field->value.substr(0, kBasic.size()), kBasic)) return std::nullopt;
  std::string encoded(trim(field->value.substr(kBasic.size())));
  // What is left of strict base64url: the other alphabet's two letters, and no padding.
  while (encoded.ends_with('=')) encoded.pop_back();
  std::replace(encoded.begin(), encoded.end(), '+', '-');
  std::replace(encoded.begin(), encoded.end(), '/', '_');
  const auto decoded = crypto::decode_base64url(encoded);
  if (!decoded) return std::nullopt;
  return decode_form(std::string_view(*decoded).substr(0, decoded->find(':')));
}

std::string assertion_client(std::string_view assertion) {
  const auto payload = jwt_payload(assertion);
  const auto claims = json::parse(payload.value_or(""), {.max_bytes = kMaxOauthForm});
  return claims ? std::string(claims->member("sub").string().value_or("")) : std::string();
}

}  // namespace

std::optional<std::string> jwt_payload(std::string_view token) {
  if (std::count(token.begin(), token.end(), '.') != 2) return std::nullopt;
  const std::size_t begin = token.find('.') + 1;
  return crypto::decode_base64url(token.substr(begin, token.rfind('.') - begin));
}

std::optional<OauthRequest> read_oauth_request(const http::RequestHead& head,
                                               std::string_view body) {
  if (!is_form(head)) return std::nullopt;
  auto parameters = read_form(body);
  if (!parameters) return std::nullopt;
  OauthRequest request;
  const auto take = [&](const char* name) { return (*parameters)[name]; };
  request.grant_type = take("grant_type");
  request.refresh_token = take("refresh_token");
  request.token = take("token");
  const auto add = [&](std::string client) {
    if (!client.empty()) request.clients.push_back(std::move(client));
  };
  add(take("client_id"));
  add(basic_client(head).value_or(""));
  add(assertion_client(take("client_assertion")));
  return request;
}

}  // namespace sallyport::revocation
