#pragma once

// SHA-256, HMAC and comparison in constant time.

#include <array>
#include <cstdint>
#include <string_view>

namespace sallyport::crypto {

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(std::string_view bytes);
Sha256 hmac_sha256(std::string_view key, std::string_view message);

// constant_time_equal takes as long for a near miss as for a far one. It does tell the lengths
// apart, so compare digests or values whose length is no secret.
bool constant_time_equal(std::string_view a, std::string_view b);

// as_text views a digest as the raw bytes it is.
inline std::string_view as_text(const Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace sallyport::crypto
