#include "modules/oauth/settings.h"

#include "gateway/config/constraint.h"
#include "gateway/config/option.h"

namespace sallyport::oauth {

std::span<const config::Option> ServerSettings::options() {
  static const std::array rows{
      config::option<&ServerSettings::issuer>(
          "issuer",
          "The `iss` of the server's tokens. When it is empty, what is revoked here is revoked for "
          "every issuer."),
  };
  return rows;
}

std::span<const config::Option> GrantSettings::options() {
  static const std::array rows{
      config::required<&GrantSettings::path>(
          "path", "Folder of its store, for this gateway alone; made when its parent exists."),
      config::option<&GrantSettings::max_size>(
          "max_size", "Largest size of the store's file. A new size holds from the next start.",
          config::between(config::Size{1024 * 1024}, config::Size{64ULL * 1024 * 1024 * 1024})),
      config::option<&GrantSettings::max_entries>(
          "max_entries",
          "How many tokens are known at most; of what comes later only the client is known.",
          config::between(std::size_t{1}, std::size_t{100'000'000})),
      config::option<&GrantSettings::keep>(
          "keep", "How long a refresh token is known. At least as long as one lives.",
          config::between(Seconds(60), Seconds(4000LL * 24 * 3600))),
      config::option<&GrantSettings::clock_trial>(
          "clock_trial",
          "How long the wall clock must have kept step (± 2 s) with the clock that nobody sets "
          "before an expired grant is forgotten: from the start on, and from every jump on. A new "
          "value holds from the next start.",
          config::between(Seconds(1), Seconds(24 * 3600))),
  };
  return rows;
}

std::span<const config::Option> SharedSettings::options() {
  static const std::array rows{
      config::required<&SharedSettings::authorization_servers>(
          "authorization_servers",
          "The authorization servers behind the gateway, by a name of your choice.",
          config::not_empty()),
      config::required<&SharedSettings::grants>(
          "grants",
          "Where the gateway remembers to whom the authorization servers issued which tokens "
          "through it."),
  };
  return rows;
}

std::span<const config::Option> EntrySettings::options() {
  static const std::array rows{
      config::required<&EntrySettings::kind>(
          "kind",
          "Which endpoint of the authorization server the route is: `token`, where refresh "
          "tokens of revoked users, clients and consents are refused; `revocation` (RFC 7009), "
          "where what the server says yes to is revoked here as well."),
      config::required<&EntrySettings::server>("server",
                                               "Which server's endpoint it is, by its name under "
                                               "modules.oauth.authorization_servers."),
      config::option<&EntrySettings::query>(
          "query",
          "The only query that requests to that endpoint may have, octet for octet and without the "
          "question mark, such as `tenant=retail`; empty: none. It may have no parameter of "
          "OAuth."),
  };
  return rows;
}

}  // namespace sallyport::oauth
