#include "gateway/crypto/certificate_twin.h"

#include <openssl/bn.h>
#include <openssl/bytestring.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/nid.h>

#include <array>

#include "gateway/base/check.h"
#include "gateway/crypto/bytes.h"

namespace sallyport::crypto {
namespace {

// 1.2.840.10045.4: all kinds of ecdsa-with-... begin so (RFC 5758 section 3.2).
constexpr std::string_view kEcdsa = "\x2a\x86\x48\xce\x3d\x04";

std::string_view view(const CBS& cbs) { return view_of(CBS_data(&cbs), CBS_len(&cbs)); }

struct Parts {
  std::string_view content;    // TBSCertificate, with its header
  std::string_view algorithm;  // AlgorithmIdentifier, with its header
  std::string_view signature;  // of the BIT STRING
};

std::optional<Parts> parts_of(std::string_view der) {
  CBS input, certificate, content, algorithm, signature;
  std::uint8_t unused_bits = 0;
  CBS_init(&input, data_of(der), der.size());
  const bool whole =
      CBS_get_asn1(&input, &certificate, CBS_ASN1_SEQUENCE) && CBS_len(&input) == 0 &&
      CBS_get_asn1_element(&certificate, &content, CBS_ASN1_SEQUENCE) &&
      CBS_get_asn1_element(&certificate, &algorithm, CBS_ASN1_SEQUENCE) &&
      CBS_get_asn1(&certificate, &signature, CBS_ASN1_BITSTRING) && CBS_len(&certificate) == 0 &&
      CBS_get_u8(&signature, &unused_bits) && unused_bits == 0;
  if (!whole) return std::nullopt;
  return Parts{view(content), view(algorithm), view(signature)};
}

bool is_ecdsa(std::string_view algorithm) {
  CBS input, sequence, oid;
  CBS_init(&input, data_of(algorithm), algorithm.size());
  return CBS_get_asn1(&input, &sequence, CBS_ASN1_SEQUENCE) &&
         CBS_get_asn1(&sequence, &oid, CBS_ASN1_OBJECT) && view(oid).starts_with(kEcdsa);
}

using Group = bssl::UniquePtr<EC_GROUP>;

// The curves that keys of certificates may have, smallest first. The library takes a lock to find
// one.
const std::array<Group, 3>& curves() {
  static const std::array all{Group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)),
                              Group(EC_GROUP_new_by_curve_name(NID_secp384r1)),
                              Group(EC_GROUP_new_by_curve_name(NID_secp521r1))};
  return all;
}

// order_of returns the order of the curve that the numbers are of; null: of none.
const BIGNUM* order_of(const BIGNUM* r, const BIGNUM* s) {
  if (BN_is_zero(r) || BN_is_zero(s)) return nullptr;
  for (const Group& group : curves()) {
    const BIGNUM* order = EC_GROUP_get0_order(group.get());
    if (BN_cmp(r, order) < 0 && BN_cmp(s, order) < 0) return order;
  }
  return nullptr;
}

bssl::UniquePtr<ECDSA_SIG> twin_of(std::string_view signature) {
  bssl::UniquePtr<ECDSA_SIG> one(ECDSA_SIG_from_bytes(data_of(signature), signature.size()));
  if (!one) return nullptr;
  const BIGNUM* r = nullptr;
  const BIGNUM* s = nullptr;
  ECDSA_SIG_get0(one.get(), &r, &s);
  const BIGNUM* order = order_of(r, s);
  if (order == nullptr) return nullptr;
  bssl::UniquePtr<BIGNUM> same(BN_dup(r)), other(BN_new());
  bssl::UniquePtr<ECDSA_SIG> twin(ECDSA_SIG_new());
  SALLYPORT_CHECK(same && other && twin && BN_sub(other.get(), order, s) == 1 &&
                  ECDSA_SIG_set0(twin.get(), same.release(), other.release()) == 1);
  return twin;
}

std::string write(const Parts& parts, const ECDSA_SIG* signature) {
  bssl::ScopedCBB out;
  CBB certificate, bits;
  std::uint8_t* data = nullptr;
  std::size_t size = 0;
  SALLYPORT_CHECK(CBB_init(out.get(), 2048) &&
                  CBB_add_asn1(out.get(), &certificate, CBS_ASN1_SEQUENCE) &&
                  CBB_add_bytes(&certificate, data_of(parts.content), parts.content.size()) &&
                  CBB_add_bytes(&certificate, data_of(parts.algorithm), parts.algorithm.size()) &&
                  CBB_add_asn1(&certificate, &bits, CBS_ASN1_BITSTRING) && CBB_add_u8(&bits, 0) &&
                  ECDSA_SIG_marshal(&bits, signature) && CBB_finish(out.get(), &data, &size));
  const bssl::UniquePtr<std::uint8_t> owned(data);
  return std::string(view_of(data, size));
}

}  // namespace

std::optional<std::string> certificate_twin(std::string_view der) {
  const auto parts = parts_of(der);
  if (!parts || !is_ecdsa(parts->algorithm)) return std::nullopt;
  const auto twin = twin_of(parts->signature);
  ERR_clear_error();
  if (!twin) return std::nullopt;
  return write(*parts, twin.get());
}

std::optional<Sha256> twin_digest(std::string_view der) {
  const auto twin = certificate_twin(der);
  if (!twin) return std::nullopt;
  return sha256(*twin);
}

}  // namespace sallyport::crypto
