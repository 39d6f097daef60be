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
#include "gateway/config/option.h"
#include "modules/bearer/algorithm.h"

namespace sallyport::bearer {

// JwksSettings says where an issuer's keys are: exactly one of file and url.
struct JwksSettings {
  config::File file;
  std::optional<std::string> url;
  config::File ca;

  static std::span<const config::Option> options();
};

struct IssuerSettings {
  std::string issuer;
  JwksSettings jwks;
  std::vector<Algorithm> algorithms;
  std::vector<std::string> typ{"at+jwt"};
  std::vector<std::string> required_claims{"sub", "client_id", "jti"};
  std::vector<std::string> scope_claims{"scope", "scp"};
  std::vector<std::string> client_id_claims{"client_id", "azp"};
  std::string consent_id_claim = "fdxConsentId";
  Seconds leeway{10};
  Seconds refresh{15 * 60};
  Seconds keep{24 * 60 * 60};

  static std::span<const config::Option> options();
  // takes_type says whether a token of that "typ" is accepted; empty when the token has none.
  bool takes_type(std::string_view type) const;
};

struct SharedSettings {
  std::map<std::string, IssuerSettings> issuers;
  config::Size token_limit{8 * 1024};
  unsigned cache_entries = 65'536;
  config::Size cache_limit{32 * 1024 * 1024};

  static std::span<const config::Option> options();
};

// MaxAgeRule: what max_age limits. `age` is the time since "iat"; `lifetime` is "exp" minus "iat".
enum class MaxAgeRule : std::uint8_t { age, lifetime };

constexpr auto option_names(MaxAgeRule) {
  return std::array<std::pair<std::string_view, MaxAgeRule>, 2>{
      {{"age", MaxAgeRule::age}, {"lifetime", MaxAgeRule::lifetime}}};
}

struct EntrySettings {
  std::vector<std::string> issuers;  // empty: the only one there is
  std::vector<std::string> audience;
  Seconds max_age{900};
  MaxAgeRule max_age_rule = MaxAgeRule::age;

  static std::span<const config::Option> options();
};

}  // namespace sallyport::bearer
