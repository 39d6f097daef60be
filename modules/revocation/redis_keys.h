#pragma once

// RedisKeys says which keys of a Redis are revocations, and which key a revocation has there.
//
// Our own: PREFIX UNIT ":" ISS ":" VALUE, where ISS is the first 16 hexadecimal digits of SHA-256
// of `iss`, or "any" or "*" for every issuer. VALUE goes to the key's end, colons included.
// Foreign ones, which another program writes for itself, are told by a pattern.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "modules/revocation/unit.h"

namespace sallyport::revocation {

// Keys that are longer are no revocations.
inline constexpr std::size_t kMaxRedisKey = 2 * kMaxName;

// RedisName is what a key names.
struct RedisName {
  Unit unit = Unit::token;
  std::string issuer;  // an issuer_id; empty: every issuer
  std::string value;
};

struct RedisKey {
  enum class Kind : std::uint8_t {
    unknown,     // no key of a revocation
    own,         // a revocation
    foreign,     // a revocation that another program wrote for itself
    reinstated,  // says that the revocation of that name was lifted
  };
  Kind kind = Kind::unknown;
  RedisName name;
  bool has_cutoff = true;  // its value says from when on; else the key's being there is all
};

// RedisPattern is a foreign key with placeholders: "denylist:jti:{jti}". One names the unit and
// stands for the value; {iss} may stand for the issuer's digits.
class RedisPattern {
 public:
  static Result<RedisPattern> parse(std::string_view text);

  std::optional<RedisName> match(std::string_view key) const;
  // key returns the key that match would read as that; nothing: the pattern cannot say the issuer.
  std::optional<std::string> key(const RedisName& name) const;
  // prefix is what every such key begins with.
  const std::string& prefix() const { return literals_.front(); }

 private:
  // A key is literals_[0] text literals_[1] text … with as many texts as placeholders.
  std::vector<std::string> literals_;
  std::vector<std::optional<Unit>> placeholders_;  // nothing: {iss}
};

class RedisKeys {
 public:
  struct Foreign {
    RedisPattern pattern;
    bool has_cutoff = false;
  };

  RedisKeys(std::string prefix, std::vector<Foreign> foreign);

  RedisKey parse(std::string_view key) const;
  std::string key(const RedisName& name) const;
  std::string reinstated_key(const RedisName& name) const;
  // foreign_keys returns the keys by which other programs may have revoked the same.
  std::vector<std::string> foreign_keys(const RedisName& name) const;

  // prefixes are the shortest that cover all keys; none begins with another.
  const std::vector<std::string>& prefixes() const { return prefixes_; }

 private:
  std::string prefix_;
  std::vector<Foreign> foreign_;
  std::vector<std::string> prefixes_;
};

}  // namespace sallyport::revocation
