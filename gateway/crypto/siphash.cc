// SipHash-2-4 and -1-3 after Aumasson and Bernstein, "SipHash: a fast short-input PRF", and the
// 128-bit variant of their reference: other constants, two output words.

#include "gateway/crypto/siphash.h"

#include <bit>
#include <cstring>

#include "gateway/crypto/random.h"

namespace sallyport::crypto {
namespace {

static_assert(std::endian::native == std::endian::little, "words are read in host order");

// Absorbing and Finishing are the numbers of rounds: the 2 and 4 of SipHash-2-4.
template <int Absorbing, int Finishing>
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
    for (int i = 0; i < Absorbing; ++i) round();
    v0 ^= word;
  }

  void absorb(std::string_view bytes) {
    const std::size_t size = bytes.size();
    for (std::size_t at = 0; at + 8 <= size; at += 8) absorb(word_at(bytes, at));
    absorb(last_word(bytes) | static_cast<std::uint64_t>(size) << 56);
  }

  // last_word returns the octets after the last whole word. Where there was a whole word, a read
  // that ends at the last octet is faster than one of a size that is not known in advance.
  static std::uint64_t last_word(std::string_view bytes) {
    const std::size_t rest = bytes.size() % 8;
    if (rest == 0) return 0;
    if (bytes.size() > 8) return word_at(bytes, bytes.size() - 8) >> (8 * (8 - rest));
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < rest; ++i) {
      word |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    }
    return word;
  }

  static std::uint64_t word_at(std::string_view bytes, std::size_t at) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    return word;
  }

  std::uint64_t finish() {
    for (int i = 0; i < Finishing; ++i) round();
    return v0 ^ v1 ^ v2 ^ v3;
  }
};

template <int Absorbing, int Finishing>
Hash128 make_hash128(const std::array<std::uint64_t, 2>& key, std::string_view bytes) {
  State<Absorbing, Finishing> state(key);
  state.v1 ^= 0xee;
  state.absorb(bytes);
  state.v2 ^= 0xee;
  Hash128 hash;
  hash.low = state.finish();
  state.v1 ^= 0xdd;
  hash.high = state.finish();
  return hash;
}

}  // namespace

SipKey SipKey::random() {
  std::array<std::uint8_t, 16> bytes;
  fill_random(bytes);
  return SipKey(std::bit_cast<std::array<std::uint64_t, 2>>(bytes));
}

std::uint64_t SipKey::hash64(std::string_view bytes) const {
  State<2, 4> state(key_);
  state.absorb(bytes);
  state.v2 ^= 0xff;
  return state.finish();
}

Hash128 SipKey::hash128(std::string_view bytes) const { return make_hash128<2, 4>(key_, bytes); }

Hash128 SipKey::short_hash128(std::string_view bytes) const {
  return make_hash128<1, 3>(key_, bytes);
}

}  // namespace sallyport::crypto
