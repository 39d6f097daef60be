#pragma once

// SipHash-2-4 with 64 or 128 bits: a fast keyed hash for tables whose keys come from peers, who
// without the key cannot choose colliding ones. 128 bits are enough to stand for the input itself.
// SipHash-1-3 has half the rounds, for tables whose hashes no peer ever sees.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sallyport::crypto {

struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  friend bool operator==(const Hash128&, const Hash128&) = default;
  friend auto operator<=>(const Hash128&, const Hash128&) = default;
};

// Hash128Bucket lets a Hash128 be the key of an unordered container: it is uniform already.
struct Hash128Bucket {
  std::size_t operator()(const Hash128& hash) const { return hash.low; }
};

class SipKey {
 public:
  explicit SipKey(const std::array<std::uint64_t, 2>& key) : key_(key) {}
  static SipKey random();

  std::uint64_t hash64(std::string_view bytes) const;
  Hash128 hash128(std::string_view bytes) const;
  Hash128 short_hash128(std::string_view bytes) const;  // SipHash-1-3

 private:
  std::array<std::uint64_t, 2> key_;
};

}  // namespace sallyport::crypto
