#pragma once

// The options of the module, as written.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/config/values.h"

namespace sallyport::geo {

struct RuleSettings {
  std::vector<config::At<std::string>> countries;
  std::vector<config::At<std::string>> continents;
  std::vector<std::uint32_t> asns;
  static std::span<const config::Option> options();
};

enum class Unknown : std::uint8_t { allow, deny };
constexpr auto option_names(Unknown) {
  return std::array<std::pair<std::string_view, Unknown>, 2>{
      {{"allow", Unknown::allow}, {"deny", Unknown::deny}}};
}

struct EntrySettings {
  RuleSettings allow;
  RuleSettings deny;
  std::map<std::string, RuleSettings> tag;
  std::optional<Unknown> unknown;
  bool even_allowlisted = false;
  static std::span<const config::Option> options();
};

struct DatabaseSettings {
  config::File country;
  config::File asn;
  static std::span<const config::Option> options();
};

struct SharedSettings {
  DatabaseSettings databases;
  Seconds max_age{45 * 24 * 3600};
  config::Size max_size{256 * 1024 * 1024};
  Milliseconds check_every{10'000};
  static std::span<const config::Option> options();
};

}  // namespace sallyport::geo
