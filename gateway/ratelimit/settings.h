#pragma once

// What the configuration says of limits, for both modules that judge by them: `modules.<name>`
// names the limits, a chain's entry says which of them hold there.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/clients/redis_settings.h"
#include "gateway/config/values.h"

namespace sallyport::ratelimit {

enum class KeyPart : std::uint8_t {
  route,
  address,
  certificate,
  identity,
  subject,
  client,
  consent
};
constexpr auto option_names(KeyPart) {
  return std::array<std::pair<std::string_view, KeyPart>, 7>{{{"route", KeyPart::route},
                                                              {"address", KeyPart::address},
                                                              {"certificate", KeyPart::certificate},
                                                              {"identity", KeyPart::identity},
                                                              {"subject", KeyPart::subject},
                                                              {"client", KeyPart::client},
                                                              {"consent", KeyPart::consent}}};
}
// is_of_token says whether the part is known only once a token was verified.
constexpr bool is_of_token(KeyPart part) { return part >= KeyPart::subject; }

struct ClassSettings {
  std::optional<std::uint32_t> requests;
  std::optional<Milliseconds> per;
  std::optional<std::uint32_t> burst;
  std::optional<std::uint32_t> concurrent;
  static std::span<const config::Option> options();
};

struct LimitSettings {
  std::vector<config::At<KeyPart>> by;
  std::optional<std::uint32_t> requests;
  Milliseconds per{1000};
  std::optional<std::uint32_t> burst;
  std::optional<std::uint32_t> concurrent;
  int ipv4_prefix = 32;
  int ipv6_prefix = 64;
  std::map<std::string, config::At<ClassSettings>> classes;
  static std::span<const config::Option> options();
};

struct SharingSettings {
  config::At<clients::RedisSettings> redis;
  config::Secret hash_key;
  Milliseconds interval{100};
  static std::span<const config::Option> options();
};

struct ModuleSettings {
  std::map<std::string, config::At<LimitSettings>> limits;
  std::size_t keys = 65'536;
  std::optional<SharingSettings> shared;
  static std::span<const config::Option> options();
};

struct EntrySettings {
  std::vector<config::At<std::string>> limits;
  static std::span<const config::Option> options();
};

}  // namespace sallyport::ratelimit
