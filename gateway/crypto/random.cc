#include "gateway/crypto/random.h"

#include <openssl/rand.h>

#include <cstring>

#include "gateway/base/check.h"

namespace sallyport::crypto {

void fill_random(std::span<std::uint8_t> out) {
  SALLYPORT_CHECK(RAND_bytes(out.data(), out.size()) == 1);
}

Uuid UuidMint::next() {
  if (used_ == bytes_.size()) {
    fill_random(bytes_);
    used_ = 0;
  }
  std::array<std::uint8_t, kUuidBytes> bytes;
  std::memcpy(bytes.data(), bytes_.data() + used_, bytes.size());
  used_ += bytes.size();
  return Uuid::from_random(bytes);
}

}  // namespace sallyport::crypto
