#pragma once

// RedisPattern is how another program names its keys that revoke.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "gateway/base/result.h"
#include "modules/revocation/unit.h"

namespace sallyport::revocation {

// RedisName is what a key names.
struct RedisName {
  Unit unit = Unit::token;
  std::string issuer;  // an issuer_id; empty: every issuer
  std::string value;
};

// read_issuer reads the issuer's part of a key; false: it is none.
bool read_issuer(std::string_view text, std::string& id);
// issuer_part writes it.
std::string issuer_part(const RedisName& name);
// Spelling is how a name may stand in a key: `any` or `*`, digits with capitals or without, a
// fingerprint with colons. All of them are read as the same.
struct Spelling {
  std::string issuer_part;
  std::string value;
};
// spellings returns the usual ones, the one that we write first. Mixed capitals are nobody's habit.
std::vector<Spelling> spellings(const RedisName& name);
// settled gives a name the one form in which it is looked up; nothing: it can never be. A
// certificate has no issuer of tokens, and people write fingerprints with capitals and colons.
std::optional<RedisName> settled(RedisName name);

// RedisPattern is a foreign key with placeholders: "denylist:jti:{jti}". One names the unit and
// stands for the value; {iss} may stand for the issuer's digits.
class RedisPattern {
 public:
  static Result<RedisPattern> parse(std::string_view text);

  // match reads a key, whose name is still to be settled; nothing: it is none of this pattern.
  std::optional<RedisName> match(std::string_view key) const;
  // key returns the key that match would read as that; nothing: the pattern cannot say the issuer.
  std::optional<std::string> key(const RedisName& name) const;
  std::optional<std::string> key(const RedisName& name, const Spelling& spelling) const;
  // prefix is what every such key begins with.
  const std::string& prefix() const { return literals_.front(); }

  // specificity orders patterns: of two that share keys, and are not ambiguous, the greater is the
  // more specific, all of whose keys the other one matches as well.
  std::tuple<std::size_t, bool, std::size_t, std::size_t> specificity() const;
  // is_ambiguous_with says whether a key may be of both, and neither is the more specific.
  bool is_ambiguous_with(const RedisPattern& other) const;

 private:
  bool has_issuer() const { return placeholders_.size() > 1; }
  bool is_issuer_first() const { return has_issuer() && !placeholders_.front(); }
  // middle is what stands between two placeholders; empty where there is one.
  std::string_view middle() const { return has_issuer() ? std::string_view(literals_[1]) : ""; }
  const std::string& suffix() const { return literals_.back(); }
  bool excludes(std::string_view longer_prefix) const;
  bool may_be_issuer(std::string_view begin) const;

  // A key is literals_[0] text literals_[1] text … with as many texts as placeholders.
  std::vector<std::string> literals_;
  std::vector<std::optional<Unit>> placeholders_;  // nothing: {iss}
};

}  // namespace sallyport::revocation
