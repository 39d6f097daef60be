#pragma once

// What the configuration says of the Redis to follow: `modules.revocation.redis` is which one,
// `modules.revocation.redis_keys` how revocations are written there.

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/clients/redis_settings.h"
#include "gateway/config/values.h"
#include "gateway/policy/module.h"
#include "modules/revocation/redis_follower.h"

namespace sallyport::revocation {

// What the value of a foreign key says.
enum class ForeignValue : std::uint8_t { presence, cutoff };
constexpr auto option_names(ForeignValue) {
  return std::array<std::pair<std::string_view, ForeignValue>, 2>{
      {{"presence", ForeignValue::presence}, {"cutoff", ForeignValue::cutoff}}};
}

struct ForeignKeySettings {
  config::At<std::string> pattern;
  ForeignValue value = ForeignValue::presence;
  static std::span<const config::Option> options();
};

struct RedisKeySettings {
  config::At<std::string> prefix{"sallyport:revoked:", {}};
  std::vector<ForeignKeySettings> foreign;
  Milliseconds prove_every{1000};
  static std::span<const config::Option> options();
};

// redis_following checks what the options say together; nothing: `findings` says why. `node` is
// where `redis` stands.
std::optional<RedisFollowing> redis_following(const clients::RedisSettings& redis,
                                              const RedisKeySettings& keys,
                                              const config::Node& node, config::Findings& findings);

// following_key tells two of them apart.
std::string following_key(const RedisFollowing& following, const RedisKeySettings& keys);

}  // namespace sallyport::revocation
