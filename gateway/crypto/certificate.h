#pragma once

// Reading X.509 certificates (RFC 5280) into CertificateView, without building X.509 objects. That
// a certificate can be read says nothing about whether to trust it.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/crypto/digest.h"
#include "gateway/crypto/verified_certificate.h"

namespace sallyport::crypto {

constexpr std::size_t kMaxCertificateBytes = 32 * 1024;

// read_certificates returns the DER of every CERTIFICATE block of a PEM bundle. Blocks of other
// kinds, a bundle without certificates and one of more than `limit` are errors.
Result<std::vector<std::string>> read_certificates(std::string_view pem, std::size_t limit);

// view_certificate reads a DER certificate; chain_der stays empty. Who has its SHA-256 saves a
// pass. Octets that no signature covers may be written in one way only: DER, nothing behind it, and
// a signatureAlgorithm that is octet for octet the signed one (RFC 5280 section 4.1.1.2).
Result<CertificateView> view_certificate(std::string_view der, const Sha256& digest);
Result<CertificateView> view_certificate(std::string_view der);

// certificate_spki returns the DER SubjectPublicKeyInfo inside `der`.
Result<std::string_view> certificate_spki(std::string_view der);

// certificate_issuer and certificate_subject return the DER Names inside `der`.
Result<std::string_view> certificate_issuer(std::string_view der);
Result<std::string_view> certificate_subject(std::string_view der);

// certificate_extension returns the value inside `der` of the extension with that OID (its content
// octets); nothing when there is none. One that is there twice is an error.
Result<std::optional<std::string_view>> certificate_extension(std::string_view der,
                                                              std::string_view oid);

}  // namespace sallyport::crypto
