#include "modules/bearer/introspection.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/crypto/base64.h"

namespace sallyport::bearer {
namespace {

constexpr json::Limits kLimits{.max_bytes = kMaxIntrospectionBytes, .max_depth = 8};
// The end of the year 9999 stands for "never".
constexpr std::int64_t kNever = 253'402'300'799;

std::string secret_of(const IntrospectionSettings& settings) {
  return settings.client_secret ? settings.client_secret->reveal() : std::string();
}

}  // namespace

bool is_opaque(std::string_view token) {
  const auto points = std::count(token.begin(), token.end(), '.');
  return points != 2 && points != 4;
}

std::string form_encoded(std::string_view text) {
  constexpr std::string_view kPlain = "-._*";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_alpha(c) || is_digit(c) || kPlain.find(c) != kPlain.npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

clients::FetchRequest introspection_request(const IntrospectionSettings& settings,
                                            const clients::Url& url, std::string_view token) {
  clients::FetchRequest request;
  request.url = url;
  request.method = http::Method::post;
  request.fields = {{"Accept", "application/json"},
                    {"Content-Type", "application/x-www-form-urlencoded"}};
  request.body = "token=" + form_encoded(token) + "&token_type_hint=access_token";
  switch (settings.auth) {
    case ClientAuth::basic:
      // RFC 6749 section 2.3.1: both are encoded as in a form before they become Basic.
      request.fields.emplace_back(
          "Authorization", "Basic " + crypto::encode_base64(form_encoded(settings.client_id) + ":" +
                                                            form_encoded(secret_of(settings))));
      break;
    case ClientAuth::post:
      request.body += "&client_id=" + form_encoded(settings.client_id) +
                      "&client_secret=" + form_encoded(secret_of(settings));
      break;
    case ClientAuth::mtls:
      request.body += "&client_id=" + form_encoded(settings.client_id);
      break;
  }
  return request;
}

Introspected read_introspection(std::string_view body, const IssuerSettings& settings,
                                std::int64_t now) {
  const auto answer = json::parse(body, kLimits);
  if (!answer || !answer->is_object()) return UselessAnswer{"no strict JSON object"};
  const auto active = answer->member("active").boolean();
  if (!active) return UselessAnswer{"active is missing or no boolean"};
  if (!*active) return Inactive{};
  const json::Value issuer = answer->member("iss");
  if (issuer.exists() && issuer.string() != settings.issuer) return Mismatch::issuer;
  const IntrospectionSettings& rules = *settings.introspection;
  auto read = read_claims(*answer, settings,
                          {.required = rules.required_claims,
                           .needs_times = false,
                           .needs_audience = rules.audience == Presence::required});
  if (const auto* fault = std::get_if<ClaimFault>(&read)) return *fault;
  auto& found = std::get<Claims>(read);
  if (found.is_bound_otherwise) return Mismatch::binding;
  policy::TokenClaims claims = std::move(found.claims);
  claims.issuer = settings.issuer;
  if (const json::Value left = answer->member("expires_in"); !answer->member("exp").exists()) {
    const auto seconds = left.whole();
    if (left.exists() && !seconds) return ClaimFault{ClaimFault::Kind::malformed, "expires_in"};
    claims.expires_at =
        seconds ? now + std::clamp<std::int64_t>(seconds->floor, -now, kNever - now) : kNever;
  }
  return claims;
}

}  // namespace sallyport::bearer
