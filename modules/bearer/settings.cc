#include "modules/bearer/settings.h"

#include <algorithm>

#include "gateway/config/option.h"
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

std::span<const config::Option> IntrospectionSettings::options() {
  static const std::array rows{
      required<&IntrospectionSettings::url>(
          "url", "The issuer's introspection endpoint: https, or http on a loopback address.",
          not_empty()),
      option<&IntrospectionSettings::ca>(
          "ca",
          "PEM file of the CAs that may vouch for its server; without it, those of the system."),
      required<&IntrospectionSettings::client_id>("client_id", "Who we are to the issuer.",
                                                  not_empty()),
      option<&IntrospectionSettings::auth>("auth", "How we prove it."),
      option<&IntrospectionSettings::client_secret>(
          "client_secret", "Our secret, for the two methods that need one."),
      option<&IntrospectionSettings::certificate>(
          "certificate", "PEM file of our certificate, to show the server."),
      option<&IntrospectionSettings::key>("key", "PEM file of its private key."),
      option<&IntrospectionSettings::timeout>("timeout", "How long the issuer may take to answer.",
                                              between(Milliseconds(50), Milliseconds(30'000))),
      option<&IntrospectionSettings::max_ttl>(
          "max_ttl",
          "How long a good answer is believed, and never beyond the token's `exp`: so long a token "
          "that the issuer has revoked may still be accepted.",
          between(Seconds(0), Seconds(900))),
      option<&IntrospectionSettings::negative_ttl>(
          "negative_ttl", "How long a token is refused without asking again.",
          between(Seconds(0), Seconds(60))),
      option<&IntrospectionSettings::required_claims>(
          "required_claims", "Members that a good answer must have besides `active` and `aud`."),
      option<&IntrospectionSettings::audience>(
          "audience",
          "Whether an answer must have `aud`, which many servers leave out: with `optional`, a "
          "token of which the issuer does not tell for whom it is counts as one for this API. An "
          "`aud` that is there is judged in any case."),
  };
  return rows;
}

std::span<const config::Option> IssuerSettings::options() {
  static const std::array rows{
      required<&IssuerSettings::issuer>("issuer", "The exact `iss` of this issuer's tokens.",
                                        not_empty()),
      option<&IssuerSettings::jwks>("jwks",
                                    "Where its keys are: `file` or `url`. Without it, only its "
                                    "opaque tokens are accepted, and it needs `introspection`."),
      option<&IssuerSettings::introspection>(
          "introspection",
          "Where to ask about this issuer's opaque tokens (RFC 7662); without it, there are none."),
      option<&IssuerSettings::algorithms>(
          "algorithms",
          "The signature algorithms to accept; needed with `jwks`. Ed25519 is another name of "
          "EdDSA.",
          not_empty()),
      option<&IssuerSettings::audience>(
          "audience",
          "A token's `aud` must contain one of these, exactly. A chain may name others.",
          not_empty()),
      option<&IssuerSettings::audience_from>(
          "audience_from",
          "`client_id` is for an issuer that sends no `aud` in any token: `audience` then lists "
          "the "
          "clients whose tokens are meant for this API, and a token that has an `aud` is refused, "
          "as it may be an id token."),
      option<&IssuerSettings::typ>("typ",
                                   "The `typ` values to accept. `any` accepts tokens of every "
                                   "type, or without one: id tokens too.",
                                   not_empty()),
      option<&IssuerSettings::required_claims>(
          "required_claims",
          "Claims that must be there besides iss, exp, iat and what `audience_from` names. "
          "`client_id` and `scope` may "
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
      option<&IssuerSettings::max_age>("max_age",
                                       "Oldest acceptable token; see `max_age_rule`. A chain may "
                                       "say otherwise.",
                                       between(Seconds(1), Seconds(hours(24)))),
      option<&IssuerSettings::max_age_rule>(
          "max_age_rule",
          "What `max_age` limits: `age`, the time since the token was issued, or `lifetime`, the "
          "time that its issuer gave it."),
      option<&IssuerSettings::refresh>(
          "refresh",
          "How often the keys at `url` are fetched anew when its server does not say how long they "
          "may be kept.",
          between(Seconds(30), Seconds(hours(24)))),
      option<&IssuerSettings::refresh_min>(
          "refresh_min", "What its server says with Cache-Control counts from here.",
          between(Seconds(10), Seconds(hours(24)))),
      option<&IssuerSettings::refresh_max>("refresh_max", "And up to here.",
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
      option<&SharedSettings::key_ledger>(
          "key_ledger",
          "Folder, for this gateway alone, that remembers when each key was seen and which were "
          "denied; made when its parent exists. Without it, both are forgotten at a restart."),
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
      option<&SharedSettings::dpop_proofs>(
          "dpop_proofs",
          "How many used DPoP proofs are remembered at a time, by 8 bytes each; when they are too "
          "few, proofs are refused.",
          between(1024U, 16'777'216U)),
  };
  return rows;
}

std::span<const config::Option> DpopSettings::options() {
  static const std::array rows{
      option<&DpopSettings::algorithms>(
          "algorithms", "The signature algorithms that proofs may have.", not_empty()),
      option<&DpopSettings::window>(
          "window",
          "How old a proof may be; so long it is remembered, too, so that it is good only once.",
          between(Seconds(5), Seconds(300))),
      option<&DpopSettings::nonce>(
          "nonce",
          "Whether a proof must contain a nonce that we gave out in the last minutes. Clients that "
          "lack one are told, and come again."),
      option<&DpopSettings::origin>(
          "origin",
          "Scheme and host under which clients know this API, such as https://api.bank.example, "
          "when it is not https and the host of the request."),
  };
  return rows;
}

std::span<const config::Option> EntrySettings::options() {
  static const std::array rows{
      option<&EntrySettings::issuers>(
          "issuers",
          "Whose tokens to accept, by the names under modules.bearer.issuers. May be left out "
          "when there is only one."),
      option<&EntrySettings::audience>(
          "audience",
          "The token's `aud` must contain one of these, exactly; without it, one of the issuer's "
          "`audience`.",
          not_empty()),
      option<&EntrySettings::max_age>("max_age",
                                      "Oldest acceptable token, instead of the issuer's `max_age`.",
                                      between(Seconds(1), Seconds(hours(24)))),
      option<&EntrySettings::max_age_rule>("max_age_rule",
                                           "What `max_age` limits, instead of the issuer's rule."),
      option<&EntrySettings::binding>(
          "binding",
          "What the token must be bound to: `optional` accepts tokens that anybody may present, "
          "`required` wants a certificate or a DPoP key, the others just that."),
      option<&EntrySettings::upstream_401>(
          "upstream_401",
          "`normalise` turns a 401 of the API into the one of this route's error profile, with the "
          "challenge of RFC 6750; `pass` leaves it as it is."),
      option<&EntrySettings::dpop>("dpop", "What is demanded of DPoP proofs (RFC 9449)."),
  };
  return rows;
}

}  // namespace sallyport::bearer
