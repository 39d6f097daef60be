#include "modules/oauth/oauth_request.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/base/text.h"
#include "gateway/http/field_names.h"
#include "modules/oauth/oauth_form.h"
#include "modules/oauth/oauth_names.h"

namespace sallyport::oauth {
namespace {

constexpr std::string_view kForm = "application/x-www-form-urlencoded";
constexpr std::string_view kRefresh = "refresh_token";

// What decides who gets which tokens; nobody may read it from a field or cookie.
constexpr std::array<std::string_view, 6> kOfTokens = {
    "grant_type", "refresh_token", "client_id", "client_assertion", "subject_token", "actor_token"};
constexpr std::array<std::string_view, 3> kOfRevocation = {"token", "client_id",
                                                           "client_assertion"};

Error problem(std::string text) { return {Fault::client, std::move(text)}; }

bool decides(std::string_view name, Kind kind) {
  return kind == Kind::token ? std::ranges::find(kOfTokens, name) != kOfTokens.end()
                             : std::ranges::find(kOfRevocation, name) != kOfRevocation.end();
}

// only_field returns the field that every server finds under `name`, which is in lower case;
// `is_sure` is false when there are several, or one that is spelt with '_'.
const http::Field* only_field(const http::RequestHead& head, std::string_view name, bool& is_sure) {
  const http::Field* found = nullptr;
  std::size_t count = 0;
  for (const http::Field& field : head.fields) {
    if (!http::equals_folded(field.name, name)) continue;
    ++count;
    if (equals_ignoring_case(field.name, name)) found = &field;
  }
  is_sure = count == (found == nullptr ? 0U : 1U);
  return found;
}

// check_type: a form, in UTF-8 if it says in what.
std::string check_type(const http::RequestHead& head) {
  bool is_sure = true;
  const http::Field* type = only_field(head, "content-type", is_sure);
  if (!is_sure) return "Content-Type stands twice";
  const std::string_view value = type == nullptr ? std::string_view() : type->value;
  const std::size_t end = value.find(';');
  if (!equals_ignoring_case(trim(value.substr(0, end)), kForm)) {
    return "Content-Type is not " + std::string(kForm);
  }
  if (end == value.npos || trim(value.substr(end + 1)).empty()) return {};
  const std::string_view parameter = trim(value.substr(end + 1));
  const std::size_t equals = std::min(parameter.find('='), parameter.size());
  if (!equals_ignoring_case(parameter.substr(0, equals), "charset")) {
    return "Content-Type has a parameter other than charset";
  }
  std::string_view charset = parameter.substr(std::min(equals + 1, parameter.size()));
  if (charset.size() >= 2 && charset.front() == '"' && charset.back() == '"') {
    charset = charset.substr(1, charset.size() - 2);
  }
  return equals_ignoring_case(charset, "utf-8") ? std::string() : "the charset is not UTF-8";
}

std::string check_coding(const http::RequestHead& head) {
  bool is_sure = true;
  const http::Field* coding = only_field(head, "content-encoding", is_sure);
  if (!is_sure) return "Content-Encoding stands twice";
  if (coding == nullptr || equals_ignoring_case(coding->value, "identity")) return {};
  return "the body has a Content-Encoding";
}

std::string check_cookies(std::string_view cookies, Kind kind) {
  std::string text;
  while (!cookies.empty()) {
    const std::size_t end = std::min(cookies.find_first_of(";,"), cookies.size());
    const std::string_view cookie = cookies.substr(0, end);
    const std::string_view meant = name_meant(cookie.substr(0, cookie.find('=')));
    if (decides(meant, kind)) text = "a cookie is called " + std::string(meant);
    cookies.remove_prefix(std::min(end + 1, cookies.size()));
  }
  return text;
}

// check_fields: some servers find parameters in fields and cookies.
std::string check_fields(const http::RequestHead& head, Kind kind) {
  for (const http::Field& field : head.fields) {
    const std::string_view meant = name_meant(field.name);
    if (decides(meant, kind)) return "a field is called " + std::string(meant);
    if (!equals_ignoring_case(field.name, "cookie")) continue;
    if (auto text = check_cookies(field.value, kind); !text.empty()) return text;
  }
  return {};
}

std::string check_head(const http::RequestHead& head, Kind kind, std::string_view query) {
  if (head.method != http::Method::post) return "the method is not POST";
  if (head.target.has_query && (query.empty() || head.target.query != query)) {
    return "the request has a query";
  }
  for (auto text : {check_type(head), check_coding(head), check_fields(head, kind)}) {
    if (!text.empty()) return text;
  }
  return {};
}

// check_needed: what the endpoint cannot do without.
std::string check_needed(const OauthRequest& request, Kind kind) {
  if (kind == Kind::revocation) return request.token.empty() ? "there is no token" : "";
  if (request.grant_type.empty()) return "there is no grant_type";
  if (request.grant_type != kRefresh) {
    return equals_ignoring_case(request.grant_type, kRefresh)
               ? "grant_type is not refresh_token, but some servers take it for that"
               : "";
  }
  return request.refresh_token.empty() ? "there is no refresh_token" : "";
}

}  // namespace

Result<OauthRequest> read_oauth_request(const http::RequestHead& head, std::string_view body,
                                        Kind kind, std::string_view query) {
  if (auto text = check_head(head, kind, query); !text.empty()) return problem(std::move(text));
  auto form = OauthForm::read(body);
  if (!form) return form.error();
  auto clients = named_clients(head, *form);
  if (!clients) return clients.error();
  OauthRequest request{.grant_type = form->value("grant_type"),
                       .refresh_token = form->value("refresh_token"),
                       .token = form->value("token"),
                       .exchanged = {},
                       .clients = *std::move(clients)};
  for (const std::string_view name : {"subject_token", "actor_token"}) {
    if (const auto* found = form->find(name)) request.exchanged.push_back(found->value);
  }
  if (auto text = check_needed(request, kind); !text.empty()) return problem(std::move(text));
  return request;
}

std::string check_query_option(std::string_view query) {
  const auto is_bad = [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || static_cast<unsigned char>(c) >= 0x7f ||
           std::string_view("\"#<>[\\]^`{|}").find(c) != std::string_view::npos;
  };
  if (query.starts_with('?')) return "stands without the question mark";
  if (std::ranges::any_of(query, is_bad)) return "has a character that no query can have";
  if (!decode_escapes(query)) return "has a broken escape, which no query can have";
  while (!query.empty()) {
    const std::size_t end = std::min(query.find_first_of("&;"), query.size());
    const std::string_view pair = query.substr(0, end);
    const std::string_view name = pair.substr(0, pair.find('='));
    if (const auto meant = name_meant(name); !meant.empty()) {
      return "has " + std::string(meant) +
             ", a parameter of OAuth, which stands in the body alone (RFC 6749 section 3.2)";
    }
    if (!name.empty()) {
      if (auto text = check_name(name); !text.empty()) return "cannot be told apart: " + text;
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return {};
}

}  // namespace sallyport::oauth
