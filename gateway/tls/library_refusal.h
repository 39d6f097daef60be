#pragma once

// Client certificates that the TLS library refuses before ours are asked: it reads the key and its
// use while it reads the handshake. Internal to the room.

#include <openssl/base.h>

#include <optional>
#include <string>
#include <string_view>

#include "gateway/tls/refusal.h"

namespace sallyport::tls {

// leaf_of returns the DER of the first certificate in a Certificate message of `version` (RFC 5246
// section 7.4.2, RFC 8446 section 4.4.2), header included; empty for other messages.
std::string_view leaf_of(std::string_view message, int version);

// library_refusal says which certificate the library refused, and why; nothing when the handshake
// failed for another reason. It takes the thread's queue of errors.
std::optional<CertificateRefusal> library_refusal(const std::string& leaf);

}  // namespace sallyport::tls
