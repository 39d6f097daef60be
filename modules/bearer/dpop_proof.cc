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
  const auto issued_at = payload.member("iat").integer();
  if (!method) return ProofFault{"htm is missing or not a string"};
  if (!url) return ProofFault{"htu is missing or not a string"};
  if (!issued_at || *issued_at < 0) return ProofFault{"iat is missing or no whole number"};
  for (const std::string_view claim : {"ath", "nonce"}) {
    const json::Value value = payload.member(claim);
    if (value.exists() && !value.is_string()) return ProofFault{"ath or nonce is not a string"};
  }
  proof.id = *id;
  proof.method = *method;
  proof.url = *url;
  proof.issued_at = *issued_at;
  proof.token = text(payload, "ath").value_or("");
  proof.nonce = text(payload, "nonce").value_or("");
  return std::nullopt;
}

struct Url {
  std::string_view scheme, host, port, path;
};

std::optional<Url> split(std::string_view text) {
  const std::size_t mark = text.find("://");
  if (mark == text.npos) return std::nullopt;
  Url url{.scheme = text.substr(0, mark), .host = {}, .port = {}, .path = {}};
  text.remove_prefix(mark + 3);
  text = text.substr(0, text.find_first_of("?#"));
  const std::size_t slash = text.find('/');
  const std::string_view authority = text.substr(0, slash);
  url.path = slash == text.npos ? "/" : text.substr(slash);
  if (authority.empty() || authority.find('@') != authority.npos) return std::nullopt;
  // The colons of an IPv6 address stand in brackets.
  const std::size_t colon = authority.rfind(':');
  const bool has_port = colon != authority.npos && authority.find(']', colon) == authority.npos;
  url.host = authority.substr(0, has_port ? colon : authority.npos);
  if (has_port) url.port = authority.substr(colon + 1);
  const std::string_view usual = equals_ignoring_case(url.scheme, "https") ? "443" : "80";
  if (url.port.empty()) url.port = usual;
  return url;
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

bool is_same_url(std::string_view htu, std::string_view origin, std::string_view path) {
  const auto given = split(htu);
  const auto wanted = split(origin);
  return given && wanted && equals_ignoring_case(given->scheme, wanted->scheme) &&
         equals_ignoring_case(given->host, wanted->host) && given->port == wanted->port &&
         given->path == path;
}

}  // namespace sallyport::bearer
