#include "modules/bearer/credential.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/http/field_names.h"
#include "modules/bearer/reasons.h"

namespace sallyport::bearer {
namespace {

constexpr std::string_view kField = "authorization";
constexpr std::string_view kScheme = "Bearer";
constexpr std::string_view kDpop = "DPoP";
constexpr std::string_view kParameter = "access_token";

// is_parameter compares a name as received with "access_token": escapes are decoded on the way.
bool is_parameter(std::string_view name) {
  std::size_t at = 0;
  for (const char expected : kParameter) {
    if (at >= name.size()) return false;
    char c = name[at++];
    if (c == '%' && at + 1 < name.size()) {
      c = static_cast<char>(hex_value(name[at]) * 16 + hex_value(name[at + 1]));
      at += 2;
    }
    if (to_lower(c) != expected) return false;
  }
  // PHP and its like read "access_token[]" as the same parameter.
  return at == name.size() || name[at] == '[' || name[at] == '%';
}

}  // namespace

bool has_token_in_query(std::string_view query) {
  bool found = false;
  // Some servers take ';' for a separator, too.
  for_each_piece(query, '&', [&](std::string_view part) {
    for_each_piece(part, ';', [&](std::string_view pair) {
      found = found || is_parameter(pair.substr(0, pair.find('=')));
    });
  });
  return found;
}

bool has_token_in_form(std::string_view body) { return has_token_in_query(body); }

// Any field counts, and whatever parameters follow the type: who reads the body decides by one.
bool is_form(const http::RequestHead& request) {
  constexpr std::string_view kForm = "application/x-www-form-urlencoded";
  return std::any_of(request.fields.begin(), request.fields.end(), [&](const http::Field& field) {
    return equals_ignoring_case(field.name, "content-type") &&
           equals_ignoring_case(trim(field.value.substr(0, field.value.find(';'))), kForm);
  });
}

std::variant<Credential, const policy::Reason*> find_token(const http::RequestHead& request,
                                                           std::string_view body) {
  if (request.fields.count(kField) > 1) return &reasons::kSeveralCredentials;
  if (has_token_in_query(request.target.query)) return &reasons::kTokenInQuery;
  if (!body.empty() && is_form(request) && has_token_in_form(body)) return &reasons::kTokenInBody;
  const http::Field* field = request.fields.find(kField);
  if (field == nullptr) return &reasons::kMissing;
  std::string_view value = field->value;
  // RFC 9110 section 11.1: the scheme's name has no case.
  const std::string_view scheme = value.substr(0, value.find(' '));
  const bool is_dpop = equals_ignoring_case(scheme, kDpop);
  if (!is_dpop && !equals_ignoring_case(scheme, kScheme)) return &reasons::kScheme;
  value.remove_prefix(scheme.size());
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  if (!http::is_token68(value)) return &reasons::kMalformed;
  return Credential{is_dpop ? Scheme::dpop : Scheme::bearer, value};
}

}  // namespace sallyport::bearer
