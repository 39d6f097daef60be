#pragma once

// RedisKeys says which keys of a Redis are revocations, and which key a revocation has there.
//
// Our own: PREFIX UNIT ":" ISS ":" VALUE, where ISS is the first 16 hexadecimal digits of SHA-256
// of `iss`, or "any" or "*" for every issuer. VALUE goes to the key's end, colons included.
// Foreign ones, which another program writes for itself, are told by a pattern: by the most
// specific of those that match, in whatever order they are given. Under our own prefix nothing is
// foreign.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "modules/revocation/redis_pattern.h"

namespace sallyport::revocation {

// Keys that are longer are no revocations.
inline constexpr std::size_t kMaxRedisKey = 2 * kMaxName;

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
  // foreign_keys returns the keys by which other programs may have revoked the same: those that
  // parse reads as that name.
  std::vector<std::string> foreign_keys(const RedisName& name) const;

  // all_keys returns the keys, ours and foreign ones, by which the same may have been revoked, in
  // every usual spelling: who writes by hand does not write as we do.
  std::vector<std::string> all_keys(const RedisName& name) const;

  // prefixes are the shortest that cover all keys; none begins with another.
  const std::vector<std::string>& prefixes() const { return prefixes_; }

 private:
  std::string prefix_;
  std::vector<Foreign> foreign_;
  std::vector<std::string> prefixes_;
};

// shown returns a key for logs: escaped, and not longer than a line bears. Keys are written by
// strangers.
std::string shown(std::string_view key);

}  // namespace sallyport::revocation
