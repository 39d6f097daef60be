#pragma once

// The options of the module: the authorization servers and the store of grants once under
// modules.oauth, and which endpoint a route is under policies.oauth.

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/base/clock.h"
#include "gateway/base/clock_watch.h"
#include "gateway/config/values.h"
#include "modules/oauth/grant_ledger.h"

namespace sallyport::oauth {

// Kind says which endpoint of the authorization server a route is.
enum class Kind : std::uint8_t { token, revocation };

constexpr auto option_names(Kind) {
  return std::array<std::pair<std::string_view, Kind>, 2>{
      {{"token", Kind::token}, {"revocation", Kind::revocation}}};
}

struct ServerSettings {
  std::string issuer;
  static std::span<const config::Option> options();
};

struct GrantSettings {
  config::File path;
  config::Size max_size{1024 * 1024 * 1024};
  std::size_t max_entries = GrantTerms().max_entries;
  Seconds keep = GrantTerms().keep;
  Seconds clock_trial = Clock().trial;
  static std::span<const config::Option> options();
};

struct SharedSettings {
  std::map<std::string, ServerSettings> authorization_servers;
  GrantSettings grants;
  static std::span<const config::Option> options();
};

// EntrySettings are the options of a chain's entry.
struct EntrySettings {
  Kind kind = Kind::token;
  std::string server;
  std::string query;
  static std::span<const config::Option> options();
};

}  // namespace sallyport::oauth
