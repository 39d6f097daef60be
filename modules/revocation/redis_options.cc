#include "modules/revocation/redis_options.h"

#include "gateway/config/option.h"

namespace sallyport::revocation {

using config::between;
using config::option;
using config::required;

std::span<const config::Option> ForeignKeySettings::options() {
  using S = ForeignKeySettings;
  static const std::array rows{
      required<&S::pattern>(
          "pattern",
          "The key, with {jti}, {subject}, {client}, {consent}, {kid} or {cert} for what "
          "is revoked, and optionally {iss} for the issuer's digits: "
          "`denylist:jti:{jti}`."),
      option<&S::value>("value",
                        "What the key's value says: nothing (`presence`: the key revokes whenever "
                        "the token was issued), or as in our own keys (`cutoff`)."),
  };
  return rows;
}

std::span<const config::Option> RedisKeySettings::options() {
  using S = RedisKeySettings;
  static const std::array rows{
      option<&S::prefix>("prefix", "What every key of ours begins with."),
      option<&S::foreign>("foreign", "Keys that other programs write for themselves."),
      option<&S::prove_every>("prove_every",
                              "How often the Redis must prove that it lives and that nothing of "
                              "what it told is outstanding.",
                              between(Milliseconds(100), Milliseconds(60'000))),
  };
  return rows;
}

namespace {

// are_distinct: a key that could be read in two ways would revoke one thing and mean another.
bool are_distinct(const RedisKeySettings& keys, const std::vector<RedisKeys::Foreign>& patterns,
                  config::Findings& findings) {
  if (patterns.size() != keys.foreign.size()) return true;  // some were refused already
  bool is_good = true;
  const auto refuse = [&](std::size_t i, std::string text) {
    findings.error(keys.foreign[i].pattern.node, std::move(text));
    is_good = false;
  };
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    if (patterns[i].pattern.prefix().starts_with(*keys.prefix)) {
      refuse(i, "begins with our own prefix " + *keys.prefix +
                    ", where every key is ours: give the other "
                    "program another prefix, or set `prefix`");
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (!patterns[i].pattern.is_ambiguous_with(patterns[j].pattern)) continue;
      refuse(i, "can match a key that " + *keys.foreign[j].pattern +
                    " matches, too, and neither is the more "
                    "specific, so that the key could mean either");
    }
  }
  return is_good;
}

}  // namespace

std::optional<RedisFollowing> redis_following(const clients::RedisSettings& redis,
                                              const RedisKeySettings& keys,
                                              const config::Node& node,
                                              config::Findings& findings) {
  auto endpoint = clients::redis_endpoint(redis, node, findings);
  bool is_good = endpoint.has_value();
  if (keys.prefix->size() < 2 || keys.prefix->size() > 100) {
    findings.error(keys.prefix.node, "must have from 2 to 100 characters");
    is_good = false;
  }
  std::vector<RedisKeys::Foreign> foreign;
  for (const ForeignKeySettings& one : keys.foreign) {
    auto pattern = RedisPattern::parse(*one.pattern);
    if (!pattern) {
      findings.error(one.pattern.node, pattern.error().text);
      is_good = false;
      continue;
    }
    foreign.push_back({*std::move(pattern), one.value == ForeignValue::cutoff});
  }
  if (!are_distinct(keys, foreign, findings)) is_good = false;
  if (!is_good) return std::nullopt;
  return RedisFollowing{*std::move(endpoint), RedisKeys(*keys.prefix, std::move(foreign)),
                        keys.prove_every};
}

std::string following_key(const RedisFollowing& following, const RedisKeySettings& keys) {
  std::string key = following.endpoint.fingerprint() + '\n' + *keys.prefix + '\n' +
                    std::to_string(keys.prove_every.count()) + '\n' +
                    std::to_string(following.max_entries);
  for (const ForeignKeySettings& one : keys.foreign) {
    key += '\n' + *one.pattern + (one.value == ForeignValue::cutoff ? "=" : "");
  }
  return key;
}

}  // namespace sallyport::revocation
