#include "gateway/crypto/library.h"

#include <openssl/base.h>

namespace sallyport::crypto {

int boringssl_api_version() { return BORINGSSL_API_VERSION; }

}  // namespace sallyport::crypto
