// Fuzzes the reader of DPoP proofs. An input that begins with a brace is header and payload on two
// lines, which are signed with a key that the header need not name, so that mutations reach every
// rule; what is accepted must be by the key that it carries.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "gateway/base/check.h"
#include "gateway/crypto/base64.h"
#include "modules/bearer/dpop_proof.h"
#include "modules/bearer/request_url.h"

namespace {

using namespace sallyport;

std::string proof_of(std::string_view input) {
  if (!input.starts_with('{')) return std::string(input);
  const std::size_t end = input.find('\n');
  const std::string_view payload = end == input.npos ? "" : input.substr(end + 1);
  return crypto::encode_base64url(input.substr(0, end)) + "." + crypto::encode_base64url(payload) +
         "." + crypto::encode_base64url(std::string(64, 's'));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using bearer::Algorithm;
  constexpr std::array kAll{Algorithm::es256, Algorithm::es384, Algorithm::rs256, Algorithm::ps256,
                            Algorithm::eddsa};
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = input.find('\n');
  if (end != input.npos) {
    const std::string_view origin = input.substr(0, end);
    const std::string_view url = input.substr(end + 1);
    if (bearer::is_same_url(url, origin, "/")) {
      SALLYPORT_CHECK(url.find("://") != url.npos && origin.find("://") != origin.npos);
    }
  }
  if (const auto normal = bearer::normal_url(input)) {
    SALLYPORT_CHECK(bearer::normal_url(*normal) == normal && normal->size() <= input.size() + 1);
    const std::string path = normal->substr(normal->find('/', normal->find("://") + 3));
    SALLYPORT_CHECK((path + "/").find("/../") == path.npos);
    SALLYPORT_CHECK(
        bearer::is_same_url(input, normal->substr(0, normal->size() - path.size()), path));
  }
  const auto read = bearer::read_dpop_proof(proof_of(input), kAll);
  if (const auto* fault = std::get_if<bearer::ProofFault>(&read)) {
    SALLYPORT_CHECK(!fault->text.empty());
    return 0;
  }
  const auto& proof = std::get<bearer::DpopProof>(read);
  SALLYPORT_CHECK(!proof.id.empty() && proof.id.size() <= bearer::kMaxProofIdBytes);
  SALLYPORT_CHECK(proof.issued_at >= 0 && proof.jwt.header.member("jwk").is_object());
  return 0;
}
