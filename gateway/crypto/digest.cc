#include "gateway/crypto/digest.h"

#include <openssl/digest.h>
#include <openssl/hmac.h>
#include <openssl/mem.h>
#include <openssl/sha.h>

#include "gateway/base/check.h"
#include "gateway/crypto/bytes.h"

namespace sallyport::crypto {

Sha256 sha256(std::string_view bytes) {
  Sha256 digest;
  SHA256(data_of(bytes), bytes.size(), digest.data());
  return digest;
}

Sha256 hmac_sha256(std::string_view key, std::string_view message) {
  Sha256 digest;
  unsigned length = 0;
  SALLYPORT_CHECK(HMAC(EVP_sha256(), key.data(), key.size(), data_of(message), message.size(),
                       digest.data(), &length) != nullptr);
  return digest;
}

bool constant_time_equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace sallyport::crypto
