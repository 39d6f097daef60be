#include "gateway/server/error_reply.h"

#include <fmt/format.h>

#include <string>

#include "gateway/json/json.h"

namespace sallyport::server {
namespace {

using policy::ErrorClass;

constexpr Seconds kRetryAfter{5};

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

// dpop_challenge is that of RFC 9449 section 7.1.
std::string dpop_challenge(const policy::DpopChallenge& challenge) {
  if (challenge.error.empty()) return fmt::format("DPoP algs=\"{}\"", challenge.algorithms);
  return fmt::format("DPoP error=\"{}\", algs=\"{}\"", challenge.error, challenge.algorithms);
}

// challenge_of is the WWW-Authenticate value of RFC 6750 section 3: without `error` when no
// credentials were sent. Every 401 needs one (RFC 9110 section 11.6.1).
std::string challenge_of(ErrorClass kind, int status, const policy::Hint& hint) {
  if (const auto* dpop = std::get_if<policy::DpopChallenge>(&hint)) return dpop_challenge(*dpop);
  switch (kind) {
    case ErrorClass::invalid_token:
      return "Bearer error=\"invalid_token\"";
    case ErrorClass::insufficient_scope:
      if (const auto* missing = std::get_if<policy::MissingScope>(&hint)) {
        return fmt::format("Bearer error=\"insufficient_scope\", scope=\"{}\"", missing->scope);
      }
      return "Bearer error=\"insufficient_scope\"";
    case ErrorClass::invalid_request:
      return "Bearer error=\"invalid_request\"";
    default:
      return status == 401 ? "Bearer" : "";
  }
}

void add_hint(http::Fields& fields, Arena& arena, ErrorClass kind, const policy::Hint& hint) {
  if (const auto* allowed = std::get_if<policy::AllowedMethods>(&hint)) {
    fields.add("Allow", allowed->methods);
  }
  if (const auto* retry = std::get_if<policy::RetryAfter>(&hint)) {
    fields.add("Retry-After", arena.copy(fmt::format("{}", retry->delay.count())));
  } else if (kind == ErrorClass::unavailable) {
    fields.add("Retry-After", arena.copy(fmt::format("{}", kRetryAfter.count())));
  }
}

}  // namespace

ErrorReply make_error_reply(policy::Exchange& exchange, const ErrorProfile& profile,
                            ErrorClass kind, const policy::Hint& hint) {
  const ErrorRule& rule = profile.rule(kind);
  Arena& arena = exchange.arena;
  ErrorReply reply;
  reply.code = rule.code;
  reply.body = arena.copy(body_of(profile, rule));
  reply.head.status = rule.status;
  reply.head.body = {http::Framing::length, reply.body.size()};
  http::Fields& fields = reply.head.fields;
  fields.add("Content-Type", "application/json");
  fields.add("Cache-Control", "no-store");
  if (const std::string challenge = challenge_of(kind, rule.status, hint); !challenge.empty()) {
    fields.add("WWW-Authenticate", arena.copy(challenge));
  }
  add_hint(fields, arena, kind, hint);
  if (!exchange.interaction_id.empty()) {
    fields.add("x-fapi-interaction-id", exchange.interaction_id);
  }
  return reply;
}

}  // namespace sallyport::server
