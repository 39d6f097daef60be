#include "modules/bearer/claims.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "gateway/base/text.h"
#include "gateway/crypto/base64.h"

namespace sallyport::bearer {
namespace {

using Kind = ClaimFault::Kind;
using Fault = std::optional<ClaimFault>;

// The end of the year 9999: later times are no times, and sums with them could overflow.
constexpr std::int64_t kLatest = 253'402'300'799;
constexpr std::size_t kSha256Bytes = 32;

Fault read_text(const json::Value& payload, std::string_view claim, std::string& to) {
  const json::Value value = payload.member(claim);
  if (!value.exists()) return std::nullopt;
  if (!value.is_string()) return ClaimFault{Kind::malformed, claim};
  to = *value.string();
  return std::nullopt;
}

// Rounding makes whole seconds of a date with a fraction, so that the token is never good for
// longer.
enum class Rounding : std::uint8_t { down, up };

// read_time takes a NumericDate (RFC 7519 section 2), which may have a fraction or an exponent.
Fault read_time(const json::Value& payload, std::string_view claim, Rounding rounding,
                std::int64_t& to) {
  const json::Value value = payload.member(claim);
  if (!value.exists()) return std::nullopt;
  const auto read = value.whole();
  if (!read) return ClaimFault{Kind::malformed, claim};
  const bool is_later = rounding == Rounding::up && read->has_fraction;
  // Before that sum, so that it cannot overflow.
  if (read->floor < 0 || read->floor > kLatest) return ClaimFault{Kind::malformed, claim};
  to = read->floor + (is_later ? 1 : 0);
  return std::nullopt;
}

// read_texts takes a list of strings, or the one string that stands for such a list.
Fault read_texts(const json::Value& value, std::string_view claim, std::vector<std::string>& to) {
  if (const auto text = value.string()) {
    to.emplace_back(*text);
    return std::nullopt;
  }
  if (!value.is_array()) return ClaimFault{Kind::malformed, claim};
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto text = value.at(i).string();
    if (!text) return ClaimFault{Kind::malformed, claim};
    to.emplace_back(*text);
  }
  return std::nullopt;
}

// client_as_audience is for issuers that send no "aud". Who has one all the same sent another kind
// of token: the "aud" of an id token is the client, too.
Fault client_as_audience(const json::Value& payload, policy::TokenClaims& to) {
  if (payload.member("aud").exists()) return ClaimFault{Kind::unexpected, "aud"};
  if (to.client_id.empty()) return ClaimFault{Kind::missing, "client_id"};
  to.audience = {to.client_id};
  return std::nullopt;
}

// read_audience comes after the client's id is read.
Fault read_audience(const json::Value& payload, const IssuerSettings& settings,
                    const ClaimRules& rules, policy::TokenClaims& to) {
  if (settings.audience_from == AudienceFrom::client_id) return client_as_audience(payload, to);
  const json::Value value = payload.member("aud");
  if (!value.exists() && !rules.needs_audience) return std::nullopt;
  if (!value.exists()) return ClaimFault{Kind::missing, "aud"};
  if (const Fault fault = read_texts(value, "aud", to.audience)) return fault;
  // An empty list is there, and names nobody.
  if (to.audience.empty()) return ClaimFault{Kind::missing, "aud"};
  return std::nullopt;
}

// read_scopes splits every text at its spaces (RFC 8693 section 4.2); lists are what some issuers
// write instead.
Fault read_scopes(const json::Value& payload, const IssuerSettings& settings,
                  policy::TokenClaims& to) {
  for (const std::string& claim : settings.scope_claims) {
    const json::Value value = payload.member(claim);
    if (!value.exists()) continue;
    std::vector<std::string> texts;
    if (const Fault fault = read_texts(value, claim, texts)) return fault;
    for (const std::string& text : texts) {
      for_each_piece(text, ' ', [&](std::string_view scope) {
        if (!scope.empty()) to.scopes.emplace_back(scope);
      });
    }
    break;
  }
  for (const std::string& scope : to.scopes) {
    if (!to.scope_text.empty()) to.scope_text += ' ';
    to.scope_text += scope;
  }
  return std::nullopt;
}

Fault read_client_id(const json::Value& payload, const IssuerSettings& settings, std::string& to) {
  for (const std::string& claim : settings.client_id_claims) {
    if (payload.member(claim).exists()) return read_text(payload, claim, to);
  }
  return std::nullopt;
}

Fault read_hash(const json::Value& cnf, std::string_view member, std::string& to) {
  const json::Value hash = cnf.member(member);
  if (!hash.exists()) return std::nullopt;
  const auto text = hash.string();
  const auto bytes = text ? crypto::decode_base64url(*text) : std::nullopt;
  if (!bytes || bytes->size() != kSha256Bytes) return ClaimFault{Kind::malformed, "cnf"};
  to = *bytes;
  return std::nullopt;
}

// read_confirmation reads "cnf" (RFC 7800): the hash of a certificate (RFC 8705 section 3.1) or of
// a DPoP key (RFC 9449 section 6.1). Any other way of binding is one that we would ignore, so it is
// told apart.
Fault read_confirmation(const json::Value& payload, Claims& to) {
  const json::Value cnf = payload.member("cnf");
  if (!cnf.exists()) return std::nullopt;
  if (!cnf.is_object()) return ClaimFault{Kind::malformed, "cnf"};
  const std::size_t known =
      (cnf.member("x5t#S256").exists() ? 1U : 0U) + (cnf.member("jkt").exists() ? 1U : 0U);
  to.is_bound_otherwise = known == 0 || cnf.size() != known;
  if (const Fault fault = read_hash(cnf, "x5t#S256", to.claims.certificate_sha256)) return fault;
  return read_hash(cnf, "jkt", to.claims.key_sha256);
}

bool is_there(const json::Value& payload, const policy::TokenClaims& claims,
              std::string_view name) {
  if (name == "client_id") return !claims.client_id.empty();
  if (name == "scope") return !claims.scopes.empty();
  const json::Value value = payload.member(name);
  // An empty text says as little as none.
  return value.exists() && value.string() != "";
}

Fault find_missing(const json::Value& payload, const policy::TokenClaims& claims,
                   const ClaimRules& rules) {
  for (const std::string_view name : {"exp", "iat"}) {
    if (rules.needs_times && !payload.member(name).exists()) return ClaimFault{Kind::missing, name};
  }
  for (const std::string& name : rules.required) {
    if (!is_there(payload, claims, name)) return ClaimFault{Kind::missing, name};
  }
  return std::nullopt;
}

Fault read_times(const json::Value& payload, policy::TokenClaims& to) {
  using enum Rounding;
  if (const Fault fault = read_time(payload, "exp", down, to.expires_at)) return fault;
  if (const Fault fault = read_time(payload, "iat", down, to.issued_at)) return fault;
  return read_time(payload, "nbf", up, to.not_before);
}

Fault read_names(const json::Value& payload, const IssuerSettings& settings,
                 policy::TokenClaims& to) {
  if (const Fault fault = read_text(payload, "iss", to.issuer)) return fault;
  if (const Fault fault = read_text(payload, "sub", to.subject)) return fault;
  if (const Fault fault = read_text(payload, "jti", to.token_id)) return fault;
  if (const Fault fault = read_client_id(payload, settings, to.client_id)) return fault;
  if (settings.consent_id_claim.empty()) return std::nullopt;
  return read_text(payload, settings.consent_id_claim, to.consent_id);
}

}  // namespace

std::variant<std::string_view, ClaimFault> read_issuer(const json::Value& payload) {
  const json::Value value = payload.member("iss");
  if (!value.exists()) return ClaimFault{Kind::missing, "iss"};
  const auto issuer = value.string();
  if (!issuer) return ClaimFault{Kind::malformed, "iss"};
  return *issuer;
}

std::variant<Claims, ClaimFault> read_claims(const json::Value& payload,
                                             const IssuerSettings& settings,
                                             const ClaimRules& rules) {
  Claims read;
  if (const Fault fault = read_names(payload, settings, read.claims)) return *fault;
  if (const Fault fault = read_times(payload, read.claims)) return *fault;
  if (const Fault fault = read_audience(payload, settings, rules, read.claims)) {
    return *fault;
  }
  if (const Fault fault = read_scopes(payload, settings, read.claims)) return *fault;
  if (const Fault fault = read_confirmation(payload, read)) return *fault;
  if (const Fault fault = find_missing(payload, read.claims, rules)) return *fault;
  return read;
}

}  // namespace sallyport::bearer
