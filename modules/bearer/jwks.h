#pragma once

// Reading a JSON Web Key Set (RFC 7517) as an issuer publishes it. Keys that cannot be trusted are
// left out, each with a reason for the operator; a set without one good key is an error, so that
// the last good one stays in use.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/crypto/public_key.h"
#include "modules/bearer/algorithm.h"

namespace sallyport::bearer {

inline constexpr std::size_t kMaxJwksBytes = 256 * 1024;
inline constexpr std::size_t kMaxKeys = 64;

// Key is one public key and what it may be used for.
struct Key {
  std::string id;
  crypto::PublicKey key;
  std::vector<Algorithm> algorithms;  // never empty; of one family, that of the key

  // is_for says whether signatures of that algorithm may be checked with this key.
  bool is_for(Algorithm algorithm) const;
};

// SkippedKey says why a key of the document is not used.
struct SkippedKey {
  std::string id;  // shown to the operator: printable, cut; empty when the key has none
  std::string_view why;
};

// KeySet is immutable once it is built.
class KeySet {
 public:
  // epoch differs between any two sets that one source has published.
  KeySet(std::vector<Key> keys, std::vector<SkippedKey> skipped, std::uint64_t epoch);

  // find returns the only key of that id, or null.
  const Key* find(std::string_view id) const;
  std::uint64_t epoch() const { return epoch_; }
  std::size_t size() const { return keys_.size(); }
  std::span<const Key> keys() const { return keys_; }
  std::span<const SkippedKey> skipped() const { return skipped_; }

 private:
  std::vector<Key> keys_;  // sorted by id
  std::vector<SkippedKey> skipped_;
  std::uint64_t epoch_;
};

// parse_jwks reads `document` and keeps the keys that one of `allowed` can use. Errors are the
// dependency's fault, quote nothing of the document, and leave it to the caller to say whose it is.
Result<KeySet> parse_jwks(std::string_view document, std::span<const Algorithm> allowed,
                          std::uint64_t epoch);

}  // namespace sallyport::bearer
