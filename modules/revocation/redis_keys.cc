#include "modules/revocation/redis_keys.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "modules/revocation/issuer.h"

namespace sallyport::revocation {
namespace {

constexpr std::string_view kReinstated = "reinstated:";

// read_name reads UNIT ":" ISS ":" VALUE.
std::optional<RedisName> read_name(std::string_view text) {
  const std::size_t first = text.find(':');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = text.find(':', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto unit = unit_of(text.substr(0, first));
  RedisName name;
  if (!unit || !read_issuer(text.substr(first + 1, second - first - 1), name.issuer)) {
    return std::nullopt;
  }
  name.unit = *unit;
  name.value = text.substr(second + 1);
  return settled(std::move(name));
}

bool is_of(const RedisKey& key, const RedisName& name) {
  return key.name.unit == name.unit && key.name.value == name.value &&
         issuer_id(key.name.issuer) == issuer_id(name.issuer);
}

}  // namespace

RedisKeys::RedisKeys(std::string prefix, std::vector<Foreign> foreign)
    : prefix_(std::move(prefix)), foreign_(std::move(foreign)) {
  std::vector<std::string> all{prefix_};
  for (const Foreign& one : foreign_) all.push_back(one.pattern.prefix());
  std::ranges::stable_sort(foreign_, std::greater(),
                           [](const Foreign& one) { return one.pattern.specificity(); });
  // In this order a prefix comes right before those that begin with it.
  std::ranges::sort(all);
  for (const std::string& one : all) {
    if (prefixes_.empty() || !one.starts_with(prefixes_.back())) prefixes_.push_back(one);
  }
}

RedisKey RedisKeys::parse(std::string_view key) const {
  if (key.size() > kMaxRedisKey) return {};
  if (key.starts_with(prefix_)) {
    std::string_view rest = key.substr(prefix_.size());
    const bool is_lifted = rest.starts_with(kReinstated);
    if (is_lifted) rest.remove_prefix(kReinstated.size());
    if (auto name = read_name(rest)) {
      return {is_lifted ? RedisKey::Kind::reinstated : RedisKey::Kind::own, *std::move(name), true};
    }
    return {};
  }
  for (const Foreign& one : foreign_) {
    auto said = one.pattern.match(key);
    if (!said) continue;
    // What is no name by the most specific pattern is none by a wider one.
    auto name = settled(*std::move(said));
    if (!name) return {};
    return {RedisKey::Kind::foreign, *std::move(name), one.has_cutoff};
  }
  return {};
}

std::string RedisKeys::key(const RedisName& name) const {
  return prefix_ + std::string(unit_name(name.unit)) + ':' + issuer_part(name) + ':' + name.value;
}

std::string RedisKeys::reinstated_key(const RedisName& name) const {
  return prefix_ + std::string(kReinstated) + key(name).substr(prefix_.size());
}

std::vector<std::string> RedisKeys::foreign_keys(const RedisName& name) const {
  std::vector<std::string> keys;
  for (const Foreign& one : foreign_) {
    auto key = one.pattern.key(name);
    // A narrower pattern may read it as something else, which is not to be touched.
    if (key && is_of(parse(*key), name)) keys.push_back(*std::move(key));
  }
  return keys;
}

std::vector<std::string> RedisKeys::all_keys(const RedisName& name) const {
  std::vector<std::string> keys;
  const auto add = [&](std::string key) {
    // A narrower pattern may read it as something else, which is not to be touched.
    if (is_of(parse(key), name) && std::ranges::find(keys, key) == keys.end())
      keys.push_back(std::move(key));
  };
  for (const Spelling& one : spellings(name)) {
    add(prefix_ + std::string(unit_name(name.unit)) + ':' + one.issuer_part + ':' + one.value);
    for (const Foreign& foreign : foreign_) {
      if (auto key = foreign.pattern.key(name, one)) add(*std::move(key));
    }
  }
  return keys;
}

std::string shown(std::string_view key) {
  constexpr std::size_t kMost = 128;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "\"";
  for (const char c : key.substr(0, kMost)) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') text += '\\';
    if (octet >= 0x20 && octet < 0x7f) {
      text += c;
    } else {
      text += "\\x";
      text += kDigits[octet >> 4];
      text += kDigits[octet & 15];
    }
  }
  text += '"';
  if (key.size() > kMost) text += " (cut; " + std::to_string(key.size()) + " bytes)";
  return text;
}

}  // namespace sallyport::revocation
