#include "modules/bearer/settings.h"

#include <algorithm>

#include "modules/bearer/jwt.h"

namespace sallyport::bearer {

using config::between;
using config::not_empty;
using config::option;
using config::required;
using std::chrono::hours;
using std::chrono::minutes;

std::span<const config::Option> JwksSettings::options() {
  static const std::array rows{
      option<&JwksSettings::file>("file", "File with the issuer's key set; changes are noticed."),
      option<&JwksSettings::url>("url",
                                 "Where the issuer publishes its key set: https, or http on a "
                                 "loopback address. Redirects are not followed."),
      option<&JwksSettings::ca>("ca",
                                "PEM file of the CAs that may vouch for the server of `url`; "
                                "without it, those of the system."),
  };
  return rows;
}

std::span<const config::Option> IssuerSettings::options() {
  static const std::array rows{
      required<&IssuerSettings::issuer>("issuer", "The exact `iss` of this issuer's tokens.",
                                        not_empty()),
      required<&IssuerSettings::jwks>("jwks", "Where its keys are: `file` or `url`."),
      required<&IssuerSettings::algorithms>(
          "algorithms", "The signature algorithms to accept; there is no default.", not_empty()),
      option<&IssuerSettings::typ>("typ",
                                   "The `typ` values to accept. `any` accepts tokens of every "
                                   "type, or without one: id tokens too.",
                                   not_empty()),
      option<&IssuerSettings::required_claims>(
          "required_claims",
          "Claims that must be there besides iss, exp, aud and iat. `client_id` and `scope` may "
          "come from any of the claims that the next two options name."),
      option<&IssuerSettings::client_id_claims>(
          "client_id_claims", "Claims that hold the client id; the first one there counts.",
          not_empty()),
      option<&IssuerSettings::scope_claims>(
          "scope_claims",
          "Claims that hold the scopes, as text or list; the first one there counts.", not_empty()),
      option<&IssuerSettings::consent_id_claim>("consent_id_claim",
                                                "Claim that holds the id of the consent."),
      option<&IssuerSettings::leeway>("leeway", "How far the issuer's clock may differ from ours.",
                                      between(Seconds(0), Seconds(60))),
      option<&IssuerSettings::refresh>("refresh", "How often the keys at `url` are fetched anew.",
                                       between(Seconds(30), Seconds(hours(24)))),
      option<&IssuerSettings::keep>("keep",
                                    "How long the last good keys stay in use while no new ones "
                                    "can be had.",
                                    between(Seconds(minutes(1)), Seconds(hours(24 * 30)))),
  };
  return rows;
}

bool IssuerSettings::takes_type(std::string_view type) const {
  return std::any_of(typ.begin(), typ.end(), [&](const std::string& accepted) {
    return accepted == "any" || (!type.empty() && is_type(type, accepted));
  });
}

std::span<const config::Option> SharedSettings::options() {
  static const std::array rows{
      required<&SharedSettings::issuers>("issuers", "The token issuers, by a name of your choice.",
                                         not_empty()),
      option<&SharedSettings::token_limit>("token_limit", "Longest token in bytes.",
                                           between(config::Size{256}, config::Size{32 * 1024})),
      option<&SharedSettings::cache_entries>(
          "cache_entries",
          "How many verified tokens each worker remembers, to save it the signature check. "
          "Everything else is checked every time. 0 remembers none.",
          between(0U, 1'048'576U)),
      option<&SharedSettings::cache_limit>(
          "cache_limit", "How much memory each worker spends on remembered tokens.",
          between(config::Size{64 * 1024}, config::Size{1024 * 1024 * 1024})),
  };
  return rows;
}

std::span<const config::Option> EntrySettings::options() {
  static const std::array rows{
      option<&EntrySettings::issuers>(
          "issuers",
          "Whose tokens to accept, by the names under modules.bearer.issuers. May be left out "
          "when there is only one."),
      required<&EntrySettings::audience>(
          "audience", "The token's `aud` must contain one of these, exactly.", not_empty()),
      option<&EntrySettings::max_age>("max_age", "Oldest acceptable token; see `max_age_rule`.",
                                      between(Seconds(1), Seconds(hours(24)))),
      option<&EntrySettings::max_age_rule>(
          "max_age_rule",
          "What `max_age` limits: `age`, the time since the token was issued, or `lifetime`, the "
          "time that its issuer gave it."),
  };
  return rows;
}

}  // namespace sallyport::bearer
