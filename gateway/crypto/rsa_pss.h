#pragma once

// RSASSA-PSS as X.509 writes it (RFC 4055 section 3.1).

#include <openssl/base.h>

#include <optional>
#include <string_view>

namespace sallyport::crypto {

struct PssParameters {
  const EVP_MD* digest = nullptr;  // of the message, and of MGF1
  int salt_bytes = 0;
};

// read_pss_parameters reads RSASSA-PSS-params. SHA-256, SHA-384 and SHA-512 with MGF1 over the same
// digest; nothing for all others, the default (SHA-1) included.
std::optional<PssParameters> read_pss_parameters(std::string_view der);

}  // namespace sallyport::crypto
