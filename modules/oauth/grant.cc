#include "modules/oauth/grant.h"

#include <array>

#include "gateway/crypto/digest.h"
#include "gateway/json/json.h"
#include "gateway/policy/opaque_token.h"
#include "modules/oauth/oauth_client.h"

namespace sallyport::oauth {
namespace {

constexpr char kVersion = 1;
// Where the consent's id stands: in the response (FDX, Grant Management) or in the access token.
constexpr std::array<std::string_view, 3> kConsentNames = {"fdxConsentId", "consent_id",
                                                           "grant_id"};

// take_text takes a name of the grant, unless it has one already.
void take_text(const json::Value& object, std::string_view name, std::string& to,
               LearnedGrant& learned) {
  if (!to.empty()) return;
  const std::string_view text = object.member(name).string().value_or("");
  if (text.size() > policy::kMaxRevocableName) {
    learned.has_long_name = true;
  } else {
    to = text;
  }
}

void append_text(std::string& to, std::string_view text) {
  to += static_cast<char>(text.size() & 0xff);
  to += static_cast<char>(text.size() >> 8);
  to += text;
}

void append_time(std::string& to, std::int64_t time) {
  for (int i = 0; i < 8; ++i) to += static_cast<char>(static_cast<std::uint64_t>(time) >> (8 * i));
}

// take removes `size` octets from the front; false: there are not so many.
bool take(std::string_view& from, std::size_t size, std::string_view& piece) {
  if (from.size() < size) return false;
  piece = from.substr(0, size);
  from.remove_prefix(size);
  return true;
}

bool take_number(std::string_view& from, std::size_t size, std::uint64_t& number) {
  std::string_view piece;
  if (!take(from, size, piece)) return false;
  number = 0;
  for (std::size_t i = size; i > 0; --i) {
    number = number << 8 | static_cast<unsigned char>(piece[i - 1]);
  }
  return true;
}

// learn_claims takes what a JWT says; the authorization server has just made it.
void learn_claims(std::string_view token, LearnedGrant& learned) {
  const auto payload = jwt_payload(token);
  const auto claims = json::parse(payload.value_or(""), {.max_bytes = kMaxTokenResponse});
  if (!claims || !claims->is_object()) return;
  take_text(*claims, "sub", learned.grant.subject, learned);
  for (const std::string_view name : kConsentNames) {
    take_text(*claims, name, learned.grant.consent, learned);
  }
}

}  // namespace

std::string encode_grant(const Grant& grant) {
  std::string bytes{kVersion};
  for (const std::int64_t time : {grant.granted_at, grant.access_ends, grant.expires}) {
    append_time(bytes, time);
  }
  for (const auto* text : {&grant.subject, &grant.client, &grant.consent, &grant.access_id}) {
    append_text(bytes, *text);
  }
  return bytes;
}

std::optional<Grant> decode_grant(std::string_view bytes) {
  std::uint64_t number = 0;
  if (!take_number(bytes, 1, number) || number != kVersion) return std::nullopt;
  Grant grant;
  for (auto* time : {&grant.granted_at, &grant.access_ends, &grant.expires}) {
    if (!take_number(bytes, 8, number)) return std::nullopt;
    *time = static_cast<std::int64_t>(number);
  }
  for (auto* text : {&grant.subject, &grant.client, &grant.consent, &grant.access_id}) {
    std::string_view piece;
    if (!take_number(bytes, 2, number) || number > policy::kMaxRevocableName) return std::nullopt;
    if (!take(bytes, number, piece)) return std::nullopt;
    *text = piece;
  }
  if (!bytes.empty()) return std::nullopt;
  return grant;
}

std::string grant_key(std::string_view token) {
  return std::string(crypto::as_text(crypto::sha256(token)));
}

std::optional<LearnedGrant> read_token_response(std::string_view body, std::int64_t now) {
  const auto response = json::parse(body, {.max_bytes = kMaxTokenResponse});
  if (!response || !response->is_object()) return std::nullopt;
  const std::string_view access = response->member("access_token").string().value_or("");
  const std::string_view refresh = response->member("refresh_token").string().value_or("");
  if (access.empty()) return std::nullopt;
  LearnedGrant learned;
  Grant& grant = learned.grant;
  for (const std::string_view name : kConsentNames) {
    take_text(*response, name, grant.consent, learned);
  }
  learn_claims(access, learned);
  // An opaque access token says nothing; who signs in by OpenID Connect is told by the ID token.
  learn_claims(response->member("id_token").string().value_or(""), learned);
  const auto payload = jwt_payload(access);
  const auto claims = json::parse(payload.value_or(""), {.max_bytes = kMaxTokenResponse});
  if (claims && claims->is_object()) {
    take_text(*claims, "jti", grant.access_id, learned);
  }
  if (grant.access_id.empty()) grant.access_id = policy::opaque_token_id(access);
  grant.granted_at = now;
  constexpr std::int64_t kLongest = 400LL * 24 * 3600;
  const auto life = response->member("expires_in").whole();
  grant.access_ends = now + std::clamp<std::int64_t>(life ? life->floor : 3600, 1, kLongest);
  learned.keys.push_back(grant_key(access));
  if (!refresh.empty()) learned.keys.push_back(grant_key(refresh));
  return learned;
}

}  // namespace sallyport::oauth
