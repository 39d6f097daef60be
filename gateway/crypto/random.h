#pragma once

// Randomness that is good enough for keys. Never fails: without entropy the process aborts.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "gateway/base/ids.h"

namespace sallyport::crypto {

void fill_random(std::span<std::uint8_t> out);

// UuidMint makes request ids, many from one draw of random bytes. One per worker.
class UuidMint {
 public:
  Uuid next();

 private:
  static constexpr std::size_t kUuidBytes = 16;
  static constexpr std::size_t kBatch = 64;

  std::array<std::uint8_t, kBatch * kUuidBytes> bytes_;
  std::size_t used_ = sizeof bytes_;
};

}  // namespace sallyport::crypto
