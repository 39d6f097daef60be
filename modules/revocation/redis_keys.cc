#include "modules/revocation/redis_keys.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "modules/revocation/issuer.h"

namespace sallyport::revocation {
namespace {

constexpr std::string_view kReinstated = "reinstated:";
constexpr std::string_view kScheme = "sha256:";

Error mistake(std::string text) { return {Fault::gateway, std::move(text)}; }

// read_issuer reads the issuer's part of a key; false: it is none.
bool read_issuer(std::string_view text, std::string& id) {
  id.clear();
  if (text == "any" || text == "*") return true;
  id = kScheme;
  std::ranges::transform(text, std::back_inserter(id), to_lower);
  return is_issuer_id(id);
}

std::string issuer_part(const RedisName& name) {
  return name.issuer.empty() ? "any" : issuer_id(name.issuer).substr(kScheme.size());
}

bool is_value(std::string_view text) { return !text.empty() && text.size() <= kMaxName; }

// settled gives a name the one form in which it is looked up; nothing: it can never be. A certificate
// has no issuer of tokens, and people write fingerprints with capitals and colons.
std::optional<RedisName> settled(RedisName name) {
  if (!is_value(name.value)) return std::nullopt;
  if (name.unit != Unit::certificate) return name;
  auto fingerprint = certificate_value(name.value);
  if (!fingerprint) return std::nullopt;
  name.value = *std::move(fingerprint);
  name.issuer.clear();
  return name;
}

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

}  // namespace

Result<RedisPattern> RedisPattern::parse(std::string_view text) {
  RedisPattern pattern;
  int units = 0;
  int issuers = 0;
  while (true) {
    const std::size_t open = text.find('{');
    pattern.literals_.emplace_back(text.substr(0, open));
    if (open == std::string_view::npos) break;
    const std::size_t close = text.find('}', open);
    if (close == std::string_view::npos) return mistake("has a { without its }");
    const std::string_view name = text.substr(open + 1, close - open - 1);
    const auto unit = unit_of(name);
    if (!unit && name != "iss") {
      return mistake("has the placeholder {" + std::string(name) +
                     "}, which is neither {iss} nor a unit such as {jti}, {subject} or {client}");
    }
    ++(unit ? units : issuers);
    pattern.placeholders_.push_back(unit);
    text.remove_prefix(close + 1);
  }
  if (units != 1 || issuers > 1) {
    return mistake("needs exactly one placeholder of a unit, such as {jti}, and at most one {iss}");
  }
  if (pattern.prefix().size() < 2) {
    return mistake("must begin with a text of its own, such as denylist: — else every key of the "
                   "Redis would have to be followed");
  }
  for (std::size_t i = 1; i + 1 < pattern.literals_.size(); ++i) {
    if (pattern.literals_[i].empty()) return mistake("has two placeholders with nothing between");
  }
  return pattern;
}

std::optional<RedisName> RedisPattern::match(std::string_view key) const {
  if (!key.starts_with(literals_.front())) return std::nullopt;
  key.remove_prefix(literals_.front().size());
  RedisName name;
  for (std::size_t i = 0; i < placeholders_.size(); ++i) {
    const std::string& after = literals_[i + 1];
    const bool is_last = i + 1 == placeholders_.size();
    // The last one goes as far as it can, the others as short.
    if (is_last && !key.ends_with(after)) return std::nullopt;
    const std::size_t end = is_last ? key.size() - after.size() : key.find(after);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view text = key.substr(0, end);
    if (placeholders_[i]) {
      name.unit = *placeholders_[i];
      name.value = text;
    } else if (!read_issuer(text, name.issuer)) {
      return std::nullopt;
    }
    key.remove_prefix(end + after.size());
  }
  return settled(std::move(name));
}

std::optional<std::string> RedisPattern::key(const RedisName& name) const {
  std::string key = literals_.front();
  bool says_issuer = false;
  for (std::size_t i = 0; i < placeholders_.size(); ++i) {
    if (placeholders_[i] && *placeholders_[i] != name.unit) return std::nullopt;
    says_issuer = says_issuer || !placeholders_[i];
    key += placeholders_[i] ? name.value : issuer_part(name);
    key += literals_[i + 1];
  }
  if (!says_issuer && !name.issuer.empty()) return std::nullopt;
  return key;
}

RedisKeys::RedisKeys(std::string prefix, std::vector<Foreign> foreign)
    : prefix_(std::move(prefix)), foreign_(std::move(foreign)) {
  std::vector<std::string> all{prefix_};
  for (const Foreign& one : foreign_) all.push_back(one.pattern.prefix());
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
  }
  for (const Foreign& one : foreign_) {
    auto name = one.pattern.match(key);
    if (name) return {RedisKey::Kind::foreign, *std::move(name), one.has_cutoff};
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
    if (auto key = one.pattern.key(name)) keys.push_back(*std::move(key));
  }
  return keys;
}

}  // namespace sallyport::revocation
