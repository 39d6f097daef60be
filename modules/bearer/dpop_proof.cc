#include "modules/bearer/dpop_proof.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "gateway/base/text.h"
#include "modules/bearer/jwks.h"

namespace sallyport::bearer {
namespace {

using Fault = std::optional<ProofFault>;

constexpr std::string_view kType = "dpop+jwt";
// The end of the year 9999, so that sums with times cannot overflow.
constexpr std::int64_t kLatest = 253'402'300'799;

// check_signature needs nothing but the proof: the key comes with it, and proves only that whoever
// has its private half made the proof.
Fault check_signature(DpopProof& proof, std::span<const Algorithm> allowed) {
  const Algorithm algorithm = proof.jwt.algorithm;
  if (std::find(allowed.begin(), allowed.end(), algorithm) == allowed.end()) {
    return ProofFault{"alg is not allowed"};
  }
  const json::Value jwk = proof.jwt.header.member("jwk");
  if (!jwk.is_object()) return ProofFault{"jwk is missing or not an object"};
  if (holds_private_part(jwk)) return ProofFault{"jwk holds a private key"};
  const auto read = read_public_key(jwk);
  const auto* key = std::get_if<crypto::PublicKey>(&read);
  if (key == nullptr) return ProofFault{"jwk is no key that can be used"};
  if (!key->verify(algorithm, proof.jwt.signing_input, proof.jwt.signature)) {
    return ProofFault{"the signature is not by jwk"};
  }
  proof.key = key->thumbprint();
  return std::nullopt;
}

std::optional<std::string_view> text(const json::Value& payload, std::string_view claim) {
  return payload.member(claim).string();
}

Fault read_claims(DpopProof& proof) {
  const json::Value& payload = proof.jwt.payload;
  const auto id = text(payload, "jti");
  if (!id || id->empty() || id->size() > kMaxProofIdBytes) {
    return ProofFault{"jti is missing or not 1 to 256 bytes"};
  }
  const auto method = text(payload, "htm");
  const auto url = text(payload, "htu");
  const auto issued_at = payload.member("iat").whole();
  if (!method) return ProofFault{"htm is missing or not a string"};
  if (!url) return ProofFault{"htu is missing or not a string"};
  if (!issued_at || issued_at->floor < 0 || issued_at->floor > kLatest) {
    return ProofFault{"iat is missing or no time in Unix seconds"};
  }
  for (const std::string_view claim : {"ath", "nonce"}) {
    const json::Value value = payload.member(claim);
    if (value.exists() && !value.is_string()) return ProofFault{"ath or nonce is not a string"};
  }
  proof.id = *id;
  proof.method = *method;
  proof.url = *url;
  proof.issued_at = issued_at->floor;
  proof.token = text(payload, "ath").value_or("");
  proof.nonce = text(payload, "nonce").value_or("");
  return std::nullopt;
}

}  // namespace

std::variant<DpopProof, ProofFault> read_dpop_proof(std::string_view proof,
                                                    std::span<const Algorithm> allowed) {
  if (proof.size() > kMaxProofBytes) return ProofFault{"longer than 8 KiB"};
  auto parsed = parse_jwt(proof, KeyNaming::optional);
  if (const auto* fault = std::get_if<JwtFault>(&parsed)) return ProofFault{to_string(*fault)};
  DpopProof read;
  read.jwt = std::get<UnverifiedJwt>(std::move(parsed));
  if (!equals_ignoring_case(read.jwt.type, kType)) return ProofFault{"typ is not dpop+jwt"};
  if (const Fault fault = read_claims(read)) return *fault;
  if (const Fault fault = check_signature(read, allowed)) return *fault;
  return read;
}

}  // namespace sallyport::bearer
