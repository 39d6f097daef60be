// SipHash-2-4 after Aumasson and Bernstein, "SipHash: a fast short-input PRF", and the 128-bit
// variant of their reference: other constants, two output words.

#include "gateway/crypto/siphash.h"

#include <bit>
#include <cstring>

#include "gateway/crypto/random.h"

namespace sallyport::crypto {
namespace {

static_assert(std::endian::native == std::endian::little, "words are read in host order");

struct State {
  std::uint64_t v0, v1, v2, v3;

  explicit State(const std::array<std::uint64_t, 2>& key)
      : v0(0x736f6d6570736575 ^ key[0]),
        v1(0x646f72616e646f6d ^ key[1]),
        v2(0x6c7967656e657261 ^ key[0]),
        v3(0x7465646279746573 ^ key[1]) {}

  void round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }

  void absorb(std::uint64_t word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }

  void absorb(std::string_view bytes) {
    const std::size_t size = bytes.size();
    for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
      std::uint64_t word;
      std::memcpy(&word, bytes.data(), sizeof word);
      absorb(word);
    }
    std::uint64_t last = 0;
    if (!bytes.empty()) std::memcpy(&last, bytes.data(), bytes.size());
    absorb(last | static_cast<std::uint64_t>(size) << 56);
  }

  std::uint64_t finish() {
    for (int i = 0; i < 4; ++i) round();
    return v0 ^ v1 ^ v2 ^ v3;
  }
};

}  // namespace

SipKey SipKey::random() {
  std::array<std::uint8_t, 16> bytes;
  fill_random(bytes);
  return SipKey(std::bit_cast<std::array<std::uint64_t, 2>>(bytes));
}

std::uint64_t SipKey::hash64(std::string_view bytes) const {
  State state(key_);
  state.absorb(bytes);
  state.v2 ^= 0xff;
  return state.finish();
}

Hash128 SipKey::hash128(std::string_view bytes) const {
  State state(key_);
  state.v1 ^= 0xee;
  state.absorb(bytes);
  state.v2 ^= 0xee;
  Hash128 hash;
  hash.low = state.finish();
  state.v1 ^= 0xdd;
  hash.high = state.finish();
  return hash;
}

}  // namespace sallyport::crypto
