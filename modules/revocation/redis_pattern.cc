#include "modules/revocation/redis_pattern.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "modules/revocation/issuer.h"

namespace sallyport::revocation {
namespace {

constexpr std::string_view kScheme = "sha256:";

Error mistake(std::string text) { return {Fault::gateway, std::move(text)}; }

bool is_value(std::string_view text) { return !text.empty() && text.size() <= kMaxName; }

std::string in_capitals(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

std::string with_colons(std::string_view digits) {
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && i % 2 == 0) text += ':';
    text += digits[i];
  }
  return text;
}

}  // namespace

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

std::optional<RedisName> settled(RedisName name) {
  if (!is_value(name.value)) return std::nullopt;
  if (name.unit == Unit::token) name.value = token_value(std::move(name.value));
  if (name.unit != Unit::certificate) return name;
  auto fingerprint = certificate_value(name.value);
  if (!fingerprint) return std::nullopt;
  name.value = *std::move(fingerprint);
  name.issuer.clear();
  return name;
}

std::vector<Spelling> spellings(const RedisName& name) {
  const std::string issuer = issuer_part(name);
  std::vector<std::string> values{name.value};
  if (name.unit == Unit::certificate) {
    values = {name.value, in_capitals(name.value), with_colons(name.value),
              in_capitals(with_colons(name.value))};
  } else if (name.unit == Unit::token && is_digest(name.value)) {
    values.push_back(std::string(kScheme) + in_capitals(name.value.substr(kScheme.size())));
  }
  std::vector<Spelling> all;
  for (const std::string& value : values) {
    all.push_back({issuer, value});
    all.push_back({name.issuer.empty() ? "*" : in_capitals(issuer), value});
  }
  return all;
}

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
    return mistake(
        "must begin with a text of its own, such as denylist: — else every key of the "
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
  return name;
}

std::optional<std::string> RedisPattern::key(const RedisName& name) const {
  return key(name, {issuer_part(name), name.value});
}

std::optional<std::string> RedisPattern::key(const RedisName& name,
                                             const Spelling& spelling) const {
  std::string key = literals_.front();
  bool says_issuer = false;
  for (std::size_t i = 0; i < placeholders_.size(); ++i) {
    if (placeholders_[i] && *placeholders_[i] != name.unit) return std::nullopt;
    says_issuer = says_issuer || !placeholders_[i];
    key += placeholders_[i] ? spelling.value : spelling.issuer_part;
    key += literals_[i + 1];
  }
  if (!says_issuer && !name.issuer.empty()) return std::nullopt;
  return key;
}

std::tuple<std::size_t, bool, std::size_t, std::size_t> RedisPattern::specificity() const {
  return {prefix().size(), has_issuer(), middle().size(), suffix().size()};
}

// may_be_issuer says whether an issuer's part may begin like that.
bool RedisPattern::may_be_issuer(std::string_view begin) const {
  if (std::string_view("any").starts_with(begin) || std::string_view("*").starts_with(begin))
    return true;
  return begin.size() <= kIssuerDigits &&
         std::ranges::all_of(begin, [](char c) { return hex_value(c) >= 0; });
}

// excludes says that no key of this pattern begins with the longer prefix: what follows our own
// prefix there is no issuer's part.
bool RedisPattern::excludes(std::string_view longer_prefix) const {
  if (!is_issuer_first()) return false;
  const std::string_view rest = longer_prefix.substr(prefix().size());
  const std::size_t end = rest.find(middle());
  if (end == std::string_view::npos) {
    // The middle may be cut off by the prefix's end.
    return !may_be_issuer(rest.substr(0, rest.find_first_of(middle().front())));
  }
  std::string id;
  return !read_issuer(rest.substr(0, end), id);
}

bool RedisPattern::is_ambiguous_with(const RedisPattern& other) const {
  const RedisPattern& a = prefix().size() >= other.prefix().size() ? *this : other;
  const RedisPattern& b = &a == this ? other : *this;
  if (!a.prefix().starts_with(b.prefix())) return false;
  const bool a_ends_so = a.suffix().ends_with(b.suffix());
  if (!a_ends_so && !b.suffix().ends_with(a.suffix())) return false;
  const bool is_longer = a.prefix().size() > b.prefix().size();
  if (is_longer) {
    if (b.excludes(a.prefix())) return false;
    // All keys of `a` are keys of `b` when b's own demands are met by a's literals.
    const bool is_within =
        !b.has_issuer() || (b.is_issuer_first() &&
                            a.prefix().find(b.middle(), b.prefix().size()) != std::string::npos);
    return !(a_ends_so && is_within);
  }
  if (a.has_issuer() != b.has_issuer()) {
    const RedisPattern& narrow = a.has_issuer() ? a : b;
    const RedisPattern& wide = a.has_issuer() ? b : a;
    return !narrow.suffix().ends_with(wide.suffix());
  }
  if (!a.has_issuer()) return a.suffix().size() == b.suffix().size();
  if (!a.is_issuer_first() || !b.is_issuer_first()) return true;
  const bool a_is_narrow =
      a.middle().size() > b.middle().size() ||
      (a.middle().size() == b.middle().size() && a.suffix().size() > b.suffix().size());
  const RedisPattern& narrow = a_is_narrow ? a : b;
  const RedisPattern& wide = a_is_narrow ? b : a;
  if (!narrow.middle().starts_with(wide.middle()))
    return false;  // nothing can follow the issuer in both
  return !narrow.suffix().ends_with(wide.suffix()) || narrow.specificity() == wide.specificity();
}

}  // namespace sallyport::revocation
