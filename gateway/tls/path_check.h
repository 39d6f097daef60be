#pragma once

// The judgement on one chain, without memory: the entries of a store are asked in their order, and
// the first that vouches for the chain decides. Of several refusals the most telling is given.

#include <cstdint>
#include <span>
#include <variant>

#include "gateway/tls/chain_verifier.h"

namespace sallyport::tls {

struct GoodPath {
  crypto::CertificateView leaf;  // with chain_der
  crypto::Voucher voucher;
  std::int64_t not_before = 0;  // when the verdict begins to hold, Unix seconds
};

std::variant<GoodPath, CertificateRefusal> check_path(std::span<CRYPTO_BUFFER* const> chain,
                                                      const TrustStore& store,
                                                      const Expectation& expected, WallTime now);

}  // namespace sallyport::tls
