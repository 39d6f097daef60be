#pragma once

// The judgement on one chain, without memory: path building and validation (RFC 5280 section 6) by
// the library, and our own demands on keys and signatures.

#include <cstdint>
#include <span>
#include <string>
#include <variant>

#include "gateway/tls/chain_verifier.h"

namespace sallyport::tls {

struct GoodPath {
  crypto::CertificateView leaf;  // with chain_der
  std::string anchor;            // subject of the trust anchor
  std::int64_t not_before = 0;   // of the whole path, Unix seconds
  std::int64_t not_after = 0;
};

std::variant<GoodPath, CertificateRefusal> check_path(std::span<CRYPTO_BUFFER* const> chain,
                                                      const TrustStore& store,
                                                      const Expectation& expected, WallTime now);

}  // namespace sallyport::tls
