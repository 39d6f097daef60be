#pragma once

// How an opaque token is named where its bytes must not stand: in stores, orders and logs.

#include <string>
#include <string_view>

#include "gateway/base/text.h"
#include "gateway/crypto/digest.h"

namespace sallyport::policy {

// opaque_token_id is "sha256:" and the token's SHA-256 in lower-case hexadecimal. The digest needs
// no key: a token is random of at least 128 bits (RFC 6749 section 10.10), so that nobody finds it
// by trying, and without a key the bank's own programs can name a token, too.
inline std::string opaque_token_id(std::string_view token) {
  return "sha256:" + to_hex(crypto::as_text(crypto::sha256(token)));
}

}  // namespace sallyport::policy
