#include "gateway/crypto/rsa_pss.h"

#include <openssl/bytestring.h>
#include <openssl/digest.h>
#include <openssl/nid.h>
#include <openssl/obj.h>

#include "gateway/crypto/bytes.h"

namespace sallyport::crypto {
namespace {

constexpr unsigned kTag = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;

// read_algorithm reads an AlgorithmIdentifier and leaves its parameters in `parameters`.
int read_algorithm(CBS* from, CBS* parameters) {
  CBS oid;
  if (!CBS_get_asn1(from, parameters, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(parameters, &oid, CBS_ASN1_OBJECT)) {
    return NID_undef;
  }
  return OBJ_cbs2nid(&oid);
}

// read_digest: RFC 4055 section 2.1: parameters are NULL, or absent.
const EVP_MD* read_digest(CBS* from) {
  CBS parameters, null;
  const int nid = read_algorithm(from, &parameters);
  if (nid != NID_sha256 && nid != NID_sha384 && nid != NID_sha512) return nullptr;
  if (CBS_len(&parameters) != 0 && (!CBS_get_asn1(&parameters, &null, CBS_ASN1_NULL) ||
                                    CBS_len(&null) != 0 || CBS_len(&parameters) != 0)) {
    return nullptr;
  }
  return CBS_len(from) == 0 ? EVP_get_digestbynid(nid) : nullptr;
}

}  // namespace

std::optional<PssParameters> read_pss_parameters(std::string_view der) {
  constexpr std::uint64_t kMostSalt = 512;  // a modulus of 4,096 bits
  CBS input, parameters, hash, mask, salt, mask_hash;
  std::uint64_t salt_bytes = 0, trailer = 1;
  int has_trailer = 0;
  CBS_init(&input, data_of(der), der.size());
  if (!CBS_get_asn1(&input, &parameters, CBS_ASN1_SEQUENCE) || CBS_len(&input) != 0 ||
      !CBS_get_asn1(&parameters, &hash, kTag | 0) || !CBS_get_asn1(&parameters, &mask, kTag | 1) ||
      !CBS_get_asn1(&parameters, &salt, kTag | 2) || !CBS_get_asn1_uint64(&salt, &salt_bytes) ||
      CBS_len(&salt) != 0 || salt_bytes > kMostSalt ||
      !CBS_get_optional_asn1(&parameters, &input, &has_trailer, kTag | 3) ||
      CBS_len(&parameters) != 0) {
    return std::nullopt;
  }
  if (has_trailer != 0 && (!CBS_get_asn1_uint64(&input, &trailer) || CBS_len(&input) != 0)) {
    return std::nullopt;
  }
  const EVP_MD* digest = read_digest(&hash);
  const bool is_mgf1 = read_algorithm(&mask, &mask_hash) == NID_mgf1 && CBS_len(&mask) == 0;
  if (digest == nullptr || !is_mgf1 || read_digest(&mask_hash) != digest || trailer != 1) {
    return std::nullopt;
  }
  return PssParameters{digest, static_cast<int>(salt_bytes)};
}

}  // namespace sallyport::crypto
