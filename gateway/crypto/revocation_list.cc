#include "gateway/crypto/revocation_list.h"

#include <openssl/bytestring.h>
#include <openssl/digest.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/obj.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "gateway/crypto/bytes.h"
#include "gateway/crypto/der_time.h"
#include "gateway/crypto/distinguished_name.h"
#include "gateway/crypto/pem.h"
#include "gateway/crypto/rsa_pss.h"

namespace sallyport::crypto {
namespace {

constexpr unsigned kExtensions = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0;
// What a complete list may carry without saying less: authorityKeyIdentifier, cRLNumber,
// authorityInfoAccess, freshestCRL; and an entry: reasonCode, invalidityDate.
constexpr std::array<std::string_view, 4> kListExtensions{
    "\x55\x1d\x23", "\x55\x1d\x14", "\x2b\x06\x01\x05\x05\x07\x01\x01", "\x55\x1d\x2e"};
constexpr std::array<std::string_view, 2> kEntryExtensions{"\x55\x1d\x15", "\x55\x1d\x18"};
// deltaCRLIndicator and certificateIssuer are critical by definition, and refused even where they
// are not marked so.
constexpr std::string_view kDeltaIndicator = "\x55\x1d\x1b";
constexpr std::string_view kCertificateIssuer = "\x55\x1d\x1d";

std::string_view view(const CBS& cbs) { return view_of(CBS_data(&cbs), CBS_len(&cbs)); }

Error malformed(const char* part) {
  return {Fault::gateway, std::string("the revocation list is malformed (") + part + ")"};
}

struct Extension {
  std::string_view oid, value;
  bool is_critical = false;
};

std::optional<Extension> next_extension(CBS* sequence) {
  CBS extension, oid, value;
  int critical = 0;
  if (!CBS_get_asn1(sequence, &extension, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(&extension, &oid, CBS_ASN1_OBJECT) ||
      (CBS_peek_asn1_tag(&extension, CBS_ASN1_BOOLEAN) &&
       !CBS_get_asn1_bool(&extension, &critical)) ||
      !CBS_get_asn1(&extension, &value, CBS_ASN1_OCTETSTRING) || CBS_len(&extension) != 0) {
    return std::nullopt;
  }
  return Extension{view(oid), view(value), critical != 0};
}

Error refused(const std::string& why) {
  return {Fault::gateway, "the revocation list cannot be used: " + why};
}

std::string oid_text(std::string_view oid) {
  CBS input;
  CBS_init(&input, data_of(oid), oid.size());
  const bssl::UniquePtr<char> text(CBS_asn1_oid_to_text(&input));
  return text ? text.get() : "a malformed OID";
}

Result<void> check_known(const Extension& extension, std::span<const std::string_view> known) {
  if (!extension.is_critical) return {};
  if (std::find(known.begin(), known.end(), extension.oid) != known.end()) return {};
  return refused("it has a critical extension that is not known (" + oid_text(extension.oid) + ")");
}

Result<void> check_entry_extensions(CBS wrapper) {
  CBS sequence;
  if (!CBS_get_asn1(&wrapper, &sequence, CBS_ASN1_SEQUENCE) || CBS_len(&wrapper) != 0) {
    return malformed("an entry's extensions");
  }
  while (CBS_len(&sequence) != 0) {
    const auto extension = next_extension(&sequence);
    if (!extension) return malformed("an entry's extensions");
    if (extension->oid == kCertificateIssuer) {
      return refused("it is an indirect list: an entry is of another issuer (certificateIssuer)");
    }
    if (auto checked = check_known(*extension, kEntryExtensions); !checked) return checked;
  }
  return {};
}

Result<void> read_list_extensions(CBS wrapper, RevocationList& out) {
  CBS sequence;
  bool has_scope = false;
  if (!CBS_get_asn1(&wrapper, &sequence, CBS_ASN1_SEQUENCE) || CBS_len(&wrapper) != 0) {
    return malformed("its extensions");
  }
  while (CBS_len(&sequence) != 0) {
    const auto extension = next_extension(&sequence);
    if (!extension) return malformed("its extensions");
    if (extension->oid == kDeltaIndicator) {
      return refused("it is a delta list (deltaCRLIndicator); complete lists are needed");
    }
    if (extension->oid != kIssuingDistributionPoint) {
      if (auto checked = check_known(*extension, kListExtensions); !checked) return checked;
      continue;
    }
    if (std::exchange(has_scope, true)) return malformed("issuingDistributionPoint is there twice");
    auto scope = read_crl_scope(extension->value, out.issuer_der);
    if (!scope) return refused(scope.error().text);
    out.scope = std::move(*scope);
  }
  return {};
}

Result<void> read_entries(CBS entries, SerialSet& to) {
  while (CBS_len(&entries) != 0) {
    CBS entry, serial;
    if (!CBS_get_asn1(&entries, &entry, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&entry, &serial, CBS_ASN1_INTEGER) || !read_der_time(&entry)) {
      return malformed("an entry");
    }
    if (!to.add(view(serial))) return malformed("a serial number");
    if (CBS_len(&entry) == 0) continue;
    if (auto checked = check_entry_extensions(entry); !checked) return checked;
  }
  to.seal();
  return {};
}

Result<void> read_signed_part(CBS tbs, RevocationList& out) {
  CBS unused, issuer, entries, extensions;
  std::uint64_t version = 0;
  int has_entries = 0, has_extensions = 0;
  if (CBS_peek_asn1_tag(&tbs, CBS_ASN1_INTEGER) && !CBS_get_asn1_uint64(&tbs, &version)) {
    return malformed("version");
  }
  if (version > 1) return malformed("version");
  if (!CBS_get_asn1_element(&tbs, &unused, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1_element(&tbs, &issuer, CBS_ASN1_SEQUENCE)) {
    return malformed("structure");
  }
  // RFC 5280 section 5.1.1.2: the same inside and outside of what is signed.
  if (view(unused) != out.algorithm_der) return malformed("two signature algorithms");
  const auto name = name_text(view(issuer));
  const auto this_update = read_der_time(&tbs);
  if (!name || !this_update) return malformed("issuer or thisUpdate");
  const bool has_next = CBS_peek_asn1_tag(&tbs, CBS_ASN1_UTCTIME) ||
                        CBS_peek_asn1_tag(&tbs, CBS_ASN1_GENERALIZEDTIME);
  if (!has_next) return refused("it has no nextUpdate, so nobody can tell whether it is stale");
  const auto next_update = read_der_time(&tbs);
  if (!next_update) return malformed("nextUpdate");
  if (!CBS_get_optional_asn1(&tbs, &entries, &has_entries, CBS_ASN1_SEQUENCE) ||
      !CBS_get_optional_asn1(&tbs, &extensions, &has_extensions, kExtensions) ||
      CBS_len(&tbs) != 0) {
    return malformed("structure");
  }
  out.issuer = name->text;
  out.issuer_der = view(issuer);
  out.this_update = *this_update;
  out.next_update = *next_update;
  if (has_extensions != 0) {
    if (auto checked = read_list_extensions(extensions, out); !checked) return checked;
  }
  if (has_entries != 0) return read_entries(entries, out.serials);
  out.serials.seal();
  return {};
}

Result<RevocationList> read_der(std::string_view der) {
  CBS input, list, tbs_element, tbs, algorithm, signature;
  std::uint8_t unused_bits = 0;
  CBS_init(&input, data_of(der), der.size());
  if (!CBS_get_asn1(&input, &list, CBS_ASN1_SEQUENCE) || CBS_len(&input) != 0 ||
      !CBS_get_asn1_element(&list, &tbs_element, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1_element(&list, &algorithm, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(&list, &signature, CBS_ASN1_BITSTRING) || CBS_len(&list) != 0 ||
      !CBS_get_u8(&signature, &unused_bits) || unused_bits != 0) {
    return malformed("structure");
  }
  RevocationList out;
  out.algorithm_der = view(algorithm);
  tbs = tbs_element;
  if (!CBS_get_asn1(&tbs, &tbs, CBS_ASN1_SEQUENCE)) return malformed("structure");
  if (auto read = read_signed_part(tbs, out); !read) return read.error();
  out.sha256 = sha256(der);
  out.signed_der = view(tbs_element);
  out.signature = view(signature);
  return out;
}

// Scheme is how a list is signed.
struct Scheme {
  int key_type = EVP_PKEY_NONE;
  const EVP_MD* digest = nullptr;  // null: the scheme has its own
  bool is_pss = false;
  int salt_bytes = 0;
};

// scheme_of knows SHA-2 only: SHA-1 and MD5 are shorter.
std::optional<Scheme> scheme_of(std::string_view algorithm_der) {
  CBS algorithm, oid;
  CBS_init(&algorithm, data_of(algorithm_der), algorithm_der.size());
  if (!CBS_get_asn1(&algorithm, &algorithm, CBS_ASN1_SEQUENCE) ||
      !CBS_get_asn1(&algorithm, &oid, CBS_ASN1_OBJECT)) {
    return std::nullopt;
  }
  const int nid = OBJ_cbs2nid(&oid);
  if (nid == NID_ED25519) return Scheme{EVP_PKEY_ED25519, nullptr, false, 0};
  if (nid == NID_rsassaPss) {
    const auto pss = read_pss_parameters(view(algorithm));
    if (!pss) return std::nullopt;
    return Scheme{EVP_PKEY_RSA, pss->digest, true, pss->salt_bytes};
  }
  int digest_nid = NID_undef, key_nid = NID_undef;
  if (OBJ_find_sigid_algs(nid, &digest_nid, &key_nid) != 1) return std::nullopt;
  const EVP_MD* digest = EVP_get_digestbynid(digest_nid);
  if (digest == nullptr || EVP_MD_size(digest) < 32) return std::nullopt;
  return Scheme{key_nid, digest, false, 0};
}

bool set_pss(EVP_PKEY_CTX* settings, const Scheme& scheme) {
  return EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(settings, scheme.digest) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, scheme.salt_bytes) == 1;
}

}  // namespace

Result<RevocationList> read_revocation_list(std::string_view file) {
  if (file.size() > kMaxRevocationListBytes) return malformed("too large");
  if (file.starts_with('\x30')) return read_der(file);
  const auto blocks = read_pem(file, 1);
  if (!blocks) return blocks.error();
  if (blocks->empty() || blocks->front().label != "X509 CRL") {
    return Error{Fault::gateway, "there is no X509 CRL block, and it is not DER either"};
  }
  return read_der(blocks->front().der);
}

bool signed_by(const RevocationList& list, std::string_view spki) {
  const auto scheme = scheme_of(list.algorithm_der);
  if (!scheme) return false;
  CBS key_der;
  CBS_init(&key_der, data_of(spki), spki.size());
  const bssl::UniquePtr<EVP_PKEY> key(EVP_parse_public_key(&key_der));
  bssl::ScopedEVP_MD_CTX context;
  EVP_PKEY_CTX* settings = nullptr;
  const bool good =
      key && EVP_PKEY_id(key.get()) == scheme->key_type &&
      EVP_DigestVerifyInit(context.get(), &settings, scheme->digest, nullptr, key.get()) == 1 &&
      (!scheme->is_pss || set_pss(settings, *scheme)) &&
      EVP_DigestVerify(context.get(), data_of(list.signature), list.signature.size(),
                       data_of(list.signed_der), list.signed_der.size()) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace sallyport::crypto
