#pragma once

// Which keys and signatures are too weak to be believed, whoever signed. Internal to the room.

#include <openssl/base.h>
#include <openssl/x509.h>

#include <cstdint>
#include <optional>

#include "gateway/crypto/verified_certificate.h"
#include "gateway/tls/refusal.h"

namespace sallyport::tls {

// Signed says whether we believe in a certificate because of the signature on it.
enum class Signed : std::uint8_t { relied_on, trusted };

// weakness_of judges the key and the signature's kind; nothing when they will do.
std::optional<CertificateRefusal> weakness_of(X509* certificate,
                                              const crypto::CertificateView& view,
                                              Signed signature);

// has_weak_signature says that its digest is no longer safe, or unknown.
bool has_weak_signature(const X509* certificate);

}  // namespace sallyport::tls
