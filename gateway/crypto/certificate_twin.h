#pragma once

// An ECDSA signature has a twin: whoever has (r, s) has (r, n - s), and both verify (SEC 1 section
// 4.1.4). So whoever holds a certificate that was signed with ECDSA can make another one of it,
// with the same content and another digest. It is the only octets that he can change:
// view_certificate accepts no other encoding of the rest, RSA and Ed25519 signatures have one form
// each, and the library accepts no other DER of the two numbers.

#include <optional>
#include <string>
#include <string_view>

#include "gateway/crypto/digest.h"

namespace sallyport::crypto {

// certificate_twin returns the DER certificate that differs in this way from the DER certificate
// `der`; nothing when it is not signed with ECDSA, or cannot be read. Its own twin is `der`.
// Whether the signature is good is not asked: of a good one the twin is good, too. The curve is the
// smallest of P-256, P-384 and P-521 that both numbers fit: on a larger one, numbers as small as
// that do not come about (2^-128 and less).
std::optional<std::string> certificate_twin(std::string_view der);

// twin_digest is the SHA-256 of certificate_twin.
std::optional<Sha256> twin_digest(std::string_view der);

}  // namespace sallyport::crypto
