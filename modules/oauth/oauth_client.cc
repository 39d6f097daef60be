#include "modules/oauth/oauth_client.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/base/text.h"
#include "gateway/crypto/base64.h"
#include "gateway/json/json.h"
#include "gateway/policy/revocations.h"
#include "modules/oauth/oauth_request.h"

namespace sallyport::oauth {
namespace {

constexpr std::string_view kBasic = "basic";

Error problem(std::string text) { return {Fault::client, std::move(text)}; }

void add_once(std::vector<std::string>& to, std::string name) {
  if (!name.empty() && std::ranges::find(to, name) == to.end()) to.push_back(std::move(name));
}

// add_other_readings: `raw` is what stands in the message.
void add_other_readings(std::string_view raw, NamedClients& to) {
  add_once(to.also_read, std::string(raw));
  std::string kept_plus;
  for (const char c : raw) kept_plus += c == '+' ? std::string("%2B") : std::string(1, c);
  const auto decoded = decode_escapes(kept_plus);
  if (!decoded) return;
  add_once(to.also_read, *decoded);
  add_once(to.also_read, decode_escapes(*decoded).value_or(""));
}

// basic_user returns what stands before the colon of Basic credentials, not decoded; empty: the
// client does not use Basic.
Result<std::string> basic_user(const http::RequestHead& head) {
  const http::Field* field = head.fields.find("authorization");
  if (field == nullptr) return std::string();
  if (head.fields.count("authorization") != 1) return problem("Authorization stands twice");
  const std::string_view value = field->value;
  if (!equals_ignoring_case(value.substr(0, kBasic.size()), kBasic)) return std::string();
  std::string encoded(value.substr(kBasic.size()));
  if (!encoded.starts_with(' ')) return problem("Authorization is no Basic credentials");
  encoded.erase(0, encoded.find_first_not_of(' '));
  // What is left of strict base64url: the other alphabet's two letters, and no padding. Servers
  // differ in what they make of anything else.
  const bool is_other_alphabet = encoded.find_first_of("-_") != encoded.npos;
  for (int i = 0; i < 2 && encoded.ends_with('='); ++i) encoded.pop_back();
  std::ranges::replace(encoded, '+', '-');
  std::ranges::replace(encoded, '/', '_');
  const auto decoded = crypto::decode_base64url(encoded);
  if (!decoded || is_other_alphabet) return problem("Basic credentials are not base64");
  const std::size_t colon = decoded->find(':');
  if (colon == decoded->npos) return problem("Basic credentials have no colon");
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; };
  if (std::ranges::any_of(*decoded, is_control)) {
    return problem("Basic credentials have a control character");
  }
  return decoded->substr(0, colon);
}

void add_assertion(std::string_view assertion, NamedClients& to) {
  const auto payload = jwt_payload(assertion);
  const auto claims = json::parse(payload.value_or(""), {.max_bytes = kMaxOauthForm});
  if (!claims || !claims->is_object()) return;
  add_once(to.named, std::string(claims->member("sub").string().value_or("")));
  add_once(to.named, std::string(claims->member("iss").string().value_or("")));
}

}  // namespace

std::optional<std::string> jwt_payload(std::string_view token) {
  if (std::count(token.begin(), token.end(), '.') != 2) return std::nullopt;
  const std::size_t begin = token.find('.') + 1;
  return crypto::decode_base64url(token.substr(begin, token.rfind('.') - begin));
}

Result<NamedClients> named_clients(const http::RequestHead& head, const OauthForm& form) {
  const auto user = basic_user(head);
  if (!user) return user.error();
  NamedClients clients;
  if (const auto* parameter = form.find("client_id")) {
    add_once(clients.named, parameter->value);
    add_other_readings(parameter->raw, clients);
  }
  // A user that is not encoded as in a form is read as it is.
  add_once(clients.named, decode_escapes(*user).value_or(*user));
  add_other_readings(*user, clients);
  add_assertion(form.value("client_assertion"), clients);
  std::erase_if(clients.also_read, [&](const std::string& name) {
    return std::ranges::find(clients.named, name) != clients.named.end();
  });
  for (const std::string& name : clients.named) {
    if (name.size() > policy::kMaxRevocableName)
      return problem("the client's name is longer than 1024 bytes");
  }
  return clients;
}

}  // namespace sallyport::oauth
