#pragma once

// The judgement on one chain, without memory of earlier ones: the entries of a store are asked in
// their order, and the first that vouches for the chain decides. Of several refusals the most
// telling is given.

#include <cstdint>
#include <span>
#include <variant>

#include "gateway/tls/chain_verifier.h"
#include "gateway/tls/known_issuers.h"

namespace sallyport::tls {

struct GoodPath {
  crypto::CertificateView leaf;  // with chain_der
  crypto::Voucher voucher;
  std::int64_t not_before = 0;  // when the verdict begins to hold, Unix seconds
};

// Presented is a certificate of the chain as far as a verifier knows it already.
struct Presented {
  crypto::Sha256 digest;                          // of its DER
  std::shared_ptr<const PresentedIssuer> issuer;  // null: not known, or the leaf
};

// ChainMemory is what a verifier knows of issuers, and of each certificate of this chain.
struct ChainMemory {
  KnownIssuers& issuers;
  std::span<const Presented> certificates;
};

// check_path parses what `memory` does not know.
std::variant<GoodPath, CertificateRefusal> check_path(std::span<CRYPTO_BUFFER* const> chain,
                                                      const TrustStore& store,
                                                      const Expectation& expected, WallTime now,
                                                      ChainMemory* memory = nullptr);

}  // namespace sallyport::tls
