#pragma once

// Reading X.509 certificates (RFC 5280) into CertificateView, without building X.509 objects. That
// a certificate can be read says nothing about whether to trust it.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/crypto/digest.h"
#include "gateway/crypto/verified_certificate.h"

namespace sallyport::crypto {

constexpr std::size_t kMaxCertificateBytes = 32 * 1024;

// read_certificates is take_certificates (pem_file.h) for a bundle that is to be trusted.
Result<std::vector<std::string>> read_certificates(std::string_view pem, std::size_t limit);

// view_certificate reads a DER certificate; chain_der stays empty. Who has its SHA-256 saves a
// pass.
Result<CertificateView> view_certificate(std::string_view der, const Sha256& digest);
Result<CertificateView> view_certificate(std::string_view der);

// certificate_spki returns the DER SubjectPublicKeyInfo inside `der`.
Result<std::string_view> certificate_spki(std::string_view der);

}  // namespace sallyport::crypto
