#include "gateway/server/error_reply.h"

#include <fmt/core.h>

#include <algorithm>
#include <string>

#include "gateway/base/text.h"
#include "gateway/http/field_names.h"
#include "gateway/json/json.h"
#include "gateway/policy/route.h"

namespace sallyport::server {
namespace {

using policy::ErrorClass;

constexpr Seconds kRetryAfter{5};
constexpr http::FieldName kRetryAfterField("Retry-After");
constexpr http::FieldName kAuthenticate("WWW-Authenticate");

std::string body_of(const ErrorProfile& profile, const ErrorRule& rule) {
  std::string body;
  if (profile.shape == Shape::oauth) {
    body = "{\"error\":";
    json::append_quoted(body, rule.code);
    body += ",\"error_description\":";
  } else {
    body = "{\"code\":";
    if (profile.code_type == CodeType::integer) {
      body += rule.code;
    } else {
      json::append_quoted(body, rule.code);
    }
    body += ",\"message\":";
  }
  json::append_quoted(body, rule.message);
  body += '}';
  return body;
}

// What is protected, by name: RFC 6750 section 3 and RFC 7617 section 2 want a realm.
constexpr std::string_view kApi = "realm=\"api\"";
constexpr std::string_view kOauth = "realm=\"oauth\"";

// used_scheme is that of the client's credentials; empty: it sent none, or none that can be named.
std::string_view used_scheme(const http::RequestHead& request) {
  const http::Field* field = request.fields.find("authorization");
  if (field == nullptr) return {};
  const std::string_view scheme = field->value.substr(0, field->value.find(' '));
  return http::is_token(scheme) ? scheme : std::string_view();
}

// is_oauth_endpoint: where clients are authenticated. They POST there (RFC 6749 section 3.2, RFC
// 7009, RFC 7662), no policy asks for a token, and who brings one asks for a resource, such as
// userinfo.
bool is_oauth_endpoint(const policy::Exchange& exchange, const ErrorProfile& profile) {
  if (profile.shape != Shape::oauth || exchange.route == nullptr) return false;
  if (exchange.request.method != http::Method::post) return false;
  const std::string_view scheme = used_scheme(exchange.request);
  if (equals_ignoring_case(scheme, "bearer") || equals_ignoring_case(scheme, "dpop")) return false;
  return std::ranges::none_of(exchange.route->chain, [](const policy::ChainEntry& entry) {
    return std::ranges::find(entry.module->gives, policy::Fact::token) != entry.module->gives.end();
  });
}

// rule_of is the profile's, but that a resource does not know clients: whoever comes without token
// or certificate hears of the token (RFC 6750 section 3.1).
const ErrorRule& rule_of(const ErrorProfile& profile, ErrorClass kind, bool is_oauth) {
  const ErrorRule& rule = profile.rule(kind);
  const bool is_of_clients = profile.shape == Shape::oauth && rule.code == "invalid_client";
  return is_of_clients && !is_oauth ? profile.rule(ErrorClass::invalid_token) : rule;
}

// client_challenge is in the scheme that the client has used, else Basic (RFC 6749 section 5.2).
std::string client_challenge(const http::RequestHead& request) {
  const std::string_view used = used_scheme(request);
  return fmt::format("{} {}", used.empty() ? "Basic" : used, kOauth);
}

// dpop_challenge is that of RFC 9449 section 7.1.
std::string dpop_challenge(const policy::DpopChallenge& challenge) {
  if (challenge.error.empty())
    return fmt::format("DPoP {}, algs=\"{}\"", kApi, challenge.algorithms);
  return fmt::format("DPoP {}, error=\"{}\", algs=\"{}\"", kApi, challenge.error,
                     challenge.algorithms);
}

// challenge_of is the WWW-Authenticate value of RFC 6750 section 3: without `error` when no
// credentials were sent. Every 401 needs one (RFC 9110 section 11.6.1).
std::string challenge_of(ErrorClass kind, int status, const policy::Hint& hint) {
  if (const auto* dpop = std::get_if<policy::DpopChallenge>(&hint)) return dpop_challenge(*dpop);
  const auto bearer = [](std::string_view error) {
    return fmt::format("Bearer {}, error=\"{}\"", kApi, error);
  };
  switch (kind) {
    case ErrorClass::invalid_token:
      return bearer("invalid_token");
    case ErrorClass::insufficient_scope:
      if (const auto* missing = std::get_if<policy::MissingScope>(&hint)) {
        return bearer("insufficient_scope") + fmt::format(", scope=\"{}\"", missing->scope);
      }
      return bearer("insufficient_scope");
    case ErrorClass::invalid_request:
      return bearer("invalid_request");
    default:
      return status == 401 ? fmt::format("Bearer {}", kApi) : "";
  }
}

void add_hint(http::Fields& fields, Arena& arena, ErrorClass kind, const policy::Hint& hint) {
  if (const auto* allowed = std::get_if<policy::AllowedMethods>(&hint)) {
    fields.add(http::FieldName("Allow"), allowed->methods);
  }
  if (const auto* retry = std::get_if<policy::RetryAfter>(&hint)) {
    fields.add(kRetryAfterField, arena.copy(fmt::format("{}", retry->delay.count())));
  } else if (kind == ErrorClass::unavailable) {
    fields.add(kRetryAfterField, arena.copy(fmt::format("{}", kRetryAfter.count())));
  }
}

}  // namespace

ErrorReply make_error_reply(policy::Exchange& exchange, const ErrorProfile& profile,
                            ErrorClass kind, const policy::Hint& hint) {
  const bool is_oauth = is_oauth_endpoint(exchange, profile);
  const ErrorRule& rule = rule_of(profile, kind, is_oauth);
  Arena& arena = exchange.arena;
  ErrorReply reply;
  reply.code = rule.code;
  reply.body = arena.copy(body_of(profile, rule));
  reply.head.status = rule.status;
  reply.head.body = {http::Framing::length, reply.body.size()};
  http::Fields& fields = reply.head.fields;
  fields.add(http::OwnField("Content-Type", "application/json"));
  fields.add(http::OwnField("Cache-Control", "no-store"));
  if (!is_oauth) {
    const std::string challenge = challenge_of(kind, rule.status, hint);
    if (!challenge.empty()) fields.add(kAuthenticate, arena.copy(challenge));
  } else if (rule.status == 401) {
    fields.add(kAuthenticate, arena.copy(client_challenge(exchange.request)));
  }
  add_hint(fields, arena, kind, hint);
  if (!exchange.interaction_id.empty()) {
    fields.add(http::FieldName("x-fapi-interaction-id"), exchange.interaction_id);
  }
  return reply;
}

}  // namespace sallyport::server
