#pragma once

// The options of the module: issuers once under modules.bearer, and what a chain demands of a token
// under policies.bearer.

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/config/values.h"
#include "modules/bearer/algorithm.h"

namespace sallyport::bearer {

// JwksSettings says where an issuer's keys are: exactly one of file and url.
struct JwksSettings {
  config::File file;
  std::optional<std::string> url;
  config::File ca;

  static std::span<const config::Option> options();
};

// ClientAuth is how we show the issuer who asks (RFC 7662 section 2.1).
enum class ClientAuth : std::uint8_t { basic, post, mtls };

constexpr auto option_names(ClientAuth) {
  return std::array<std::pair<std::string_view, ClientAuth>, 3>{
      {{"client_secret_basic", ClientAuth::basic},
       {"client_secret_post", ClientAuth::post},
       {"tls_client_auth", ClientAuth::mtls}}};
}

// Presence says whether something must be there.
enum class Presence : std::uint8_t { required, optional };

constexpr auto option_names(Presence) {
  return std::array<std::pair<std::string_view, Presence>, 2>{
      {{"required", Presence::required}, {"optional", Presence::optional}}};
}

// IntrospectionSettings is where opaque tokens are asked about.
struct IntrospectionSettings {
  std::string url;
  config::File ca;
  std::string client_id;
  ClientAuth auth = ClientAuth::basic;
  std::optional<config::Secret> client_secret;
  config::File certificate;
  config::File key;
  Milliseconds timeout{1500};
  Seconds max_ttl{60};
  Seconds negative_ttl{5};
  std::vector<std::string> required_claims{"client_id"};
  Presence audience = Presence::required;

  static std::span<const config::Option> options();
};

// MaxAgeRule: what max_age limits. `age` is the time since "iat"; `lifetime` is "exp" minus "iat".
enum class MaxAgeRule : std::uint8_t { age, lifetime };

constexpr auto option_names(MaxAgeRule) {
  return std::array<std::pair<std::string_view, MaxAgeRule>, 2>{
      {{"age", MaxAgeRule::age}, {"lifetime", MaxAgeRule::lifetime}}};
}

// AudienceFrom says by which claim a token tells for whom it is. Issuers that never send "aud" put
// the client that they made the token for in its place.
enum class AudienceFrom : std::uint8_t { aud, client_id };

constexpr auto option_names(AudienceFrom) {
  return std::array<std::pair<std::string_view, AudienceFrom>, 2>{
      {{"aud", AudienceFrom::aud}, {"client_id", AudienceFrom::client_id}}};
}

struct IssuerSettings {
  std::string issuer;
  std::optional<JwksSettings> jwks;  // none: all its tokens are opaque
  std::optional<IntrospectionSettings> introspection;
  std::optional<std::vector<std::string>> audience;  // of chains that name none
  AudienceFrom audience_from = AudienceFrom::aud;
  std::vector<Algorithm> algorithms;  // not empty when there are keys
  std::vector<std::string> typ{"at+jwt"};
  std::vector<std::string> required_claims{"sub", "client_id", "jti"};
  std::vector<std::string> scope_claims{"scope", "scp"};
  std::vector<std::string> client_id_claims{"client_id", "azp"};
  std::string consent_id_claim = "fdxConsentId";
  Seconds leeway{10};
  Seconds max_age{900};
  MaxAgeRule max_age_rule = MaxAgeRule::age;
  Seconds refresh{15 * 60};
  Seconds refresh_min{60};
  Seconds refresh_max{60 * 60};
  Seconds keep{24 * 60 * 60};

  static std::span<const config::Option> options();
  // takes_type says whether a token of that "typ" is accepted; empty when the token has none.
  bool takes_type(std::string_view type) const;
};

struct SharedSettings {
  std::map<std::string, IssuerSettings> issuers;
  config::File key_ledger;
  config::Size token_limit{8 * 1024};
  unsigned cache_entries = 65'536;
  unsigned dpop_proofs = 262'144;
  config::Size cache_limit{32 * 1024 * 1024};

  static std::span<const config::Option> options();
};

// Binding says what a token must be bound to (RFC 8705 section 3, RFC 9449 section 6). Whatever a
// token is bound to is checked with all of them.
enum class Binding : std::uint8_t { optional, required, certificate, dpop };

constexpr auto option_names(Binding) {
  return std::array<std::pair<std::string_view, Binding>, 4>{{{"optional", Binding::optional},
                                                              {"required", Binding::required},
                                                              {"certificate", Binding::certificate},
                                                              {"dpop", Binding::dpop}}};
}

struct DpopSettings {
  std::vector<Algorithm> algorithms{Algorithm::es256, Algorithm::es384, Algorithm::ps256,
                                    Algorithm::eddsa};
  Seconds window{60};
  bool nonce = false;
  std::string origin;  // empty: that of the request

  static std::span<const config::Option> options();
};

// Upstream401 says what becomes of an API's own 401.
enum class Upstream401 : std::uint8_t { pass, normalise };

constexpr auto option_names(Upstream401) {
  return std::array<std::pair<std::string_view, Upstream401>, 2>{
      {{"pass", Upstream401::pass}, {"normalise", Upstream401::normalise}}};
}

struct EntrySettings {
  std::vector<std::string> issuers;  // empty: the only one there is
  // Where the chain says nothing, the issuer's own hold.
  std::optional<std::vector<std::string>> audience;
  std::optional<Seconds> max_age;
  std::optional<MaxAgeRule> max_age_rule;
  Binding binding = Binding::optional;
  DpopSettings dpop;
  Upstream401 upstream_401 = Upstream401::pass;

  static std::span<const config::Option> options();
};

}  // namespace sallyport::bearer
