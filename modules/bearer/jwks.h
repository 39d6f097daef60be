#pragma once

// Reading a JSON Web Key Set (RFC 7517) as an issuer publishes it. Keys that cannot be trusted are
// left out, each with a reason for the operator; a set without one good key is an error, so that
// the last good one stays in use.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/crypto/public_key.h"
#include "gateway/json/json.h"
#include "modules/bearer/algorithm.h"

namespace sallyport::bearer {

inline constexpr std::size_t kMaxJwksBytes = 256 * 1024;
inline constexpr std::size_t kMaxKeys = 64;

// KeyUse says when a key last verified a signature, in Unix seconds; zero: never. Workers write it,
// control reads it; it outlives the key set, so that nothing is lost when the set is replaced.
struct KeyUse {
  std::atomic<std::int64_t> last{0};

  void mark(std::int64_t now) {
    // Most requests of a second find it said already and leave the cache line alone.
    if (last.load(std::memory_order_relaxed) != now) last.store(now, std::memory_order_relaxed);
  }
};

// Key is one public key and what it may be used for. Copies share the key.
struct Key {
  std::string id;
  std::shared_ptr<const crypto::PublicKey> key;
  crypto::Sha256 thumbprint{};        // of `key`: what it is, whatever it is called
  std::vector<Algorithm> algorithms;  // never empty; of one family, that of the key
  std::string_view known_from;        // where its private half can be read by everybody; else empty
  std::shared_ptr<KeyUse> use = std::make_shared<KeyUse>();

  // is_for says whether signatures of that algorithm may be checked with this key.
  bool is_for(Algorithm algorithm) const;
};

// SkippedKey says why a key of the document is not used.
struct SkippedKey {
  std::string id;          // shown to the operator: printable, cut; empty when the key has none
  std::string_view label;  // of the reason, in metrics: "weak_rsa"
  std::string_view why;    // of the reason, for the operator
};

// KnownKeys says what happens to a key whose private half is public knowledge.
enum class KnownKeys : std::uint8_t { refuse, use };

// KeySet is immutable once it is built.
class KeySet {
 public:
  // epoch differs between any two sets that one source has published.
  KeySet(std::vector<Key> keys, std::vector<SkippedKey> skipped, std::uint64_t epoch);

  // with returns this set with what is known beside the document: keys that were in it until
  // lately, and ids that an operator has denied.
  KeySet with(std::vector<Key> withdrawn, std::vector<std::string> denied,
              std::uint64_t epoch) const;

  // find returns the only key of that id, or null.
  const Key* find(std::string_view id) const;
  // has says whether the set has that very key under that id.
  bool has(const Key& key) const;
  // find_withdrawn returns a key that is not published any more: nothing that it signs is good. An
  // id that the issuer has given to another key is found here and by find.
  const Key* find_withdrawn(std::string_view id) const;
  bool is_denied(std::string_view id) const;
  std::uint64_t epoch() const { return epoch_; }
  std::size_t size() const { return keys_.size(); }
  std::span<const Key> keys() const { return keys_; }
  std::span<const SkippedKey> skipped() const { return skipped_; }

 private:
  std::vector<Key> keys_;  // sorted by id
  std::vector<SkippedKey> skipped_;
  std::vector<Key> withdrawn_;
  std::vector<std::string> denied_;
  std::uint64_t epoch_;
};

// read_public_key reads the public half of a JWK, or says why it is none that we can use.
std::variant<crypto::PublicKey, std::string_view> read_public_key(const json::Value& jwk);
// holds_private_part says whether a JWK has members that must never leave its owner.
bool holds_private_part(const json::Value& jwk);

// JwksReading is what a document comes to: each id once, and why the other keys are left out. There
// may be no key.
struct JwksReading {
  std::vector<Key> keys;
  std::vector<SkippedKey> skipped;
};

// read_jwks reads `document` and keeps the keys that one of `allowed` can use. What stands there
// twice counts once, and what cannot be used takes no id away; two different keys that could both
// be used under one id are both left out, and so is every key whose private half stands anywhere in
// the document. Errors are the dependency's fault, quote nothing of the document, and leave it to
// the caller to say whose it is.
Result<JwksReading> read_jwks(std::string_view document, std::span<const Algorithm> allowed,
                              KnownKeys known = KnownKeys::refuse);

// no_usable_key is the error of a reading without keys: it names each one's reason.
Error no_usable_key(const JwksReading& reading);

// parse_jwks is read_jwks for who has no use for a document without a usable key.
Result<KeySet> parse_jwks(std::string_view document, std::span<const Algorithm> allowed,
                          std::uint64_t epoch, KnownKeys known = KnownKeys::refuse);

}  // namespace sallyport::bearer
