#include "gateway/load/request_fields.h"

#include <algorithm>
#include <array>

#include "gateway/base/text.h"
#include "gateway/http/field_names.h"
#include "gateway/http/trust_fields.h"

namespace sallyport::load {
namespace {

// Of these the FDX- fields without dashes after the first are those of FDX 4; one of them is
// misspelt there, and callers send it so.
constexpr std::array<std::string_view, 32> kFdx = {
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Authorization",
    "Cache-Control",
    "Content-Digest",
    "Content-Encoding",
    "Content-Type",
    "DPoP",
    "FDX-API-Actor-Type",
    "FDX-API-Data-Provider-Id",
    "FDX-API-Data-Recipient-Id",
    "FDX-CustomerIPAddress",
    "FDX-CustomerIPAdress",
    "FDX-CustomerLastLoggedTime",
    "FDX-FinancialId",
    "FDX-InteractionId",
    "FdxVersion",
    "Idempotency-Key",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "If-Unmodified-Since",
    "Range",
    "Signature",
    "Signature-Input",
    "User-Agent",
    "Via",
    "x-fapi-auth-date",
    "x-fapi-customer-ip-address",
    "x-fapi-interaction-id",
};

// Without Accept-Encoding: what an authorization server answers must be readable for those between.
constexpr std::array<std::string_view, 11> kOauth = {
    "Accept",
    "Accept-Language",
    "Authorization",
    "Cache-Control",
    "Content-Type",
    "DPoP",
    "If-None-Match",
    "User-Agent",
    "Via",
    "x-fapi-customer-ip-address",
    "x-fapi-interaction-id",
};

constexpr std::array<NamedFieldSet, 2> kSets = {{{"fdx", kFdx}, {"oauth", kOauth}}};

const NamedFieldSet* find_set(std::string_view name) {
  const auto* const found = std::ranges::find(kSets, name, &NamedFieldSet::name);
  return found != kSets.end() ? found : nullptr;
}

bool looks_like_set(std::string_view text) {
  const auto is_small = [](char c) { return is_digit(c) || (is_alpha(c) && to_lower(c) == c); };
  return std::ranges::all_of(text, is_small) && !http::is_known(text) &&
         http::find_trust_family(text) == nullptr && !http::is_framing(text);
}

std::string unknown_set(const std::string& name) {
  std::vector<std::string_view> names;
  std::string list;
  for (const NamedFieldSet& set : kSets) {
    names.push_back(set.name);
    list += (list.empty() ? "" : ", ") + std::string(set.name);
  }
  std::string message = "there is no set of fields \"" + name + "\"";
  const std::string_view near = closest(name, names.data(), names.size());
  if (!near.empty()) message += " (did you mean \"" + std::string(near) + "\"?)";
  std::string field = name;
  if (is_alpha(field[0])) field[0] = static_cast<char>(field[0] - 'a' + 'A');
  return message + "; the sets are " + list +
         ". If it is a field, write it with a capital letter: " + field;
}

// field_problem says why a field of that name never reaches an upstream, or nothing.
std::string field_problem(const std::string& name) {
  const std::string quoted = "\"" + name + "\" ";
  if (!http::is_token(name)) return quoted + "is no field name";
  if (http::is_of_http_1(name)) {
    return quoted + "is about one connection: the gateway writes its own, whatever stands here";
  }
  if (const http::TrustFamily* family = http::find_trust_family(name)) {
    return quoted +
           "is removed on every route, because only a gateway may set it (who believes it: " +
           std::string(family->believer) + ")";
  }
  if (http::is_lookalike(name) && http::is_known(name)) {
    return quoted + "is removed on every route, because servers take it for " + http::folded(name);
  }
  return {};
}

}  // namespace

std::span<const NamedFieldSet> named_field_sets() { return kSets; }

std::shared_ptr<const http::FieldSet> read_request_fields(
    const std::vector<config::At<std::string>>& texts, config::Findings& findings) {
  std::vector<std::string> names;
  for (const auto& text : texts) {
    if (const NamedFieldSet* set = find_set(*text)) {
      names.insert(names.end(), set->fields.begin(), set->fields.end());
      continue;
    }
    const std::string problem =
        !text->empty() && looks_like_set(*text) ? unknown_set(*text) : field_problem(*text);
    if (!problem.empty()) findings.error(text.node, problem);
    names.push_back(*text);
  }
  return std::make_shared<const http::FieldSet>(std::move(names));
}

}  // namespace sallyport::load
