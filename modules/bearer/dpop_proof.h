#pragma once

// A strict reader of DPoP proofs (RFC 9449 section 4.2): a JWT that its sender signed with the key
// that the token is bound to, for this one request.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

#include "gateway/crypto/digest.h"
#include "modules/bearer/jwt.h"

namespace sallyport::bearer {

inline constexpr std::size_t kMaxProofBytes = 8 * 1024;
inline constexpr std::size_t kMaxProofIdBytes = 256;

// ProofFault says in a short text which rule a proof breaks; it quotes nothing of the proof.
struct ProofFault {
  std::string_view text;
};

// DpopProof has a good signature by the key of that thumbprint; whether it is for this request is
// another question. The views live as long as `jwt`.
struct DpopProof {
  UnverifiedJwt jwt;
  crypto::Sha256 key{};
  std::string_view id;      // jti, 1..kMaxProofIdBytes
  std::string_view method;  // htm
  std::string_view url;     // htu
  std::string_view token;   // ath; empty when absent
  std::string_view nonce;   // empty when absent
  std::int64_t issued_at = 0;
};

std::variant<DpopProof, ProofFault> read_dpop_proof(std::string_view proof,
                                                    std::span<const Algorithm> allowed);

}  // namespace sallyport::bearer
