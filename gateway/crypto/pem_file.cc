#include "gateway/crypto/pem_file.h"

#include <openssl/bytestring.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "gateway/crypto/bytes.h"

namespace sallyport::crypto {
namespace {

// The bound of a file's size is the reader's; this one keeps a file of empty blocks small.
constexpr std::size_t kMaxBlocks = 10'000;

enum class Kind : std::uint8_t {
  certificate,
  trusted_certificate,
  list,
  key,
  sealed_key,
  foreign_key,
  parameters,
  bag,
  request,
  public_key,
  other,
};

struct KnownLabel {
  std::string_view label;
  Kind kind;
};
constexpr std::array kLabels{
    KnownLabel{"CERTIFICATE", Kind::certificate},
    KnownLabel{"X509 CERTIFICATE", Kind::certificate},
    KnownLabel{"TRUSTED CERTIFICATE", Kind::trusted_certificate},
    KnownLabel{"X509 CRL", Kind::list},
    KnownLabel{"PRIVATE KEY", Kind::key},
    KnownLabel{"RSA PRIVATE KEY", Kind::key},
    KnownLabel{"EC PRIVATE KEY", Kind::key},
    KnownLabel{"ENCRYPTED PRIVATE KEY", Kind::sealed_key},
    KnownLabel{"EC PARAMETERS", Kind::parameters},
    KnownLabel{"DH PARAMETERS", Kind::parameters},
    KnownLabel{"X9.42 DH PARAMETERS", Kind::parameters},
    KnownLabel{"DSA PARAMETERS", Kind::parameters},
    KnownLabel{"PKCS7", Kind::bag},
    KnownLabel{"PKCS #7 SIGNED DATA", Kind::bag},
    KnownLabel{"CMS", Kind::bag},
    KnownLabel{"CERTIFICATE REQUEST", Kind::request},
    KnownLabel{"NEW CERTIFICATE REQUEST", Kind::request},
    KnownLabel{"PUBLIC KEY", Kind::public_key},
    KnownLabel{"RSA PUBLIC KEY", Kind::public_key},
};

Kind kind_of(std::string_view label) {
  const auto* known = std::ranges::find(kLabels, label, &KnownLabel::label);
  if (known != kLabels.end()) return known->kind;
  return label.ends_with("PRIVATE KEY") ? Kind::foreign_key : Kind::other;
}

bool is_any_key(Kind kind) {
  return kind == Kind::key || kind == Kind::sealed_key || kind == Kind::foreign_key;
}

Error at(const PemBlock& block, const std::string& problem) {
  return {Fault::gateway,
          "line " + std::to_string(block.line) + ": " + block.label + " " + problem};
}

// misplaced says what to do with a block that is of no use in any of the files.
Error misplaced(const PemBlock& block, Kind kind, std::string_view wanted) {
  switch (kind) {
    case Kind::list:
      return at(block, "has no place here; name the revocation list in `crl.files`");
    case Kind::bag:
      return at(block,
                "is a bag of certificates in PKCS#7, which is not read here; unpack it "
                "(openssl pkcs7 -print_certs -in FILE -out NEW)");
    case Kind::request:
      return at(block,
                "is a request for a certificate; put the certificate here that the CA made "
                "of it");
    case Kind::public_key:
      return at(block, "is a bare public key, which has no place here; remove it");
    default:
      return at(block, "is of a kind that has no place here; only " + std::string(wanted) +
                           " does, spelt so: remove the block");
  }
}

// Account keeps what becomes of the blocks of a file, to tell the operator.
class Account {
 public:
  explicit Account(std::string_view of_what) : of_what_(of_what) {}

  void took() { ++took_; }
  void skipped(const PemBlock& block) {
    constexpr int kMaxTold = 8;
    if (++skipped_count_ > kMaxTold) return;
    skipped_ += (skipped_.empty() ? "; skipped " : ", ") + block.label + " (line " +
                std::to_string(block.line) + ")";
  }
  std::string told() const {
    if (took_ + skipped_count_ < 2) return {};
    constexpr int kMaxTold = 8;
    std::string out = "took " + std::to_string(took_) + " " + of_what_ + (took_ == 1 ? "" : "s");
    out += skipped_;
    if (skipped_count_ > kMaxTold) {
      out += " and " + std::to_string(skipped_count_ - kMaxTold) + " more blocks";
    }
    return out;
  }

 private:
  std::string of_what_;
  std::string skipped_;
  int took_ = 0;
  int skipped_count_ = 0;
};

// Trusted is what OpenSSL writes with -trustout: a certificate, then X509_CERT_AUX (x509_aux in its
// sources): SEQUENCE { trust SEQUENCE OF OID OPTIONAL, reject [0] SEQUENCE OF OID OPTIONAL, alias
// and the rest }.
struct Trusted {
  std::string certificate;
  bool has_uses = false;
};

std::optional<Trusted> split_trusted(std::string_view der) {
  CBS rest, certificate, aux;
  CBS_init(&rest, data_of(der), der.size());
  if (!CBS_get_asn1_element(&rest, &certificate, CBS_ASN1_SEQUENCE)) return std::nullopt;
  Trusted out;
  out.certificate = view_of(CBS_data(&certificate), CBS_len(&certificate));
  if (CBS_len(&rest) == 0) return out;
  if (!CBS_get_asn1(&rest, &aux, CBS_ASN1_SEQUENCE) || CBS_len(&rest) != 0) return std::nullopt;
  constexpr unsigned kReject = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0;
  out.has_uses =
      CBS_peek_asn1_tag(&aux, CBS_ASN1_SEQUENCE) == 1 || CBS_peek_asn1_tag(&aux, kReject) == 1;
  return out;
}

Result<std::string> take_trusted(const PemBlock& block, PemUse use) {
  auto parts = split_trusted(block.der);
  if (!parts) return at(block, "cannot be read; get the file anew");
  if (parts->has_uses && use == PemUse::trust) {
    return at(block,
              "says what it may be trusted for, which is not followed here; write it "
              "without (openssl x509 -in FILE -out NEW)");
  }
  return std::move(parts->certificate);
}

Error too_many(const PemBlock& block, std::size_t limit) {
  return at(block, "is one more than the limit of " + std::to_string(limit));
}

// refuse_key is for files in which a private key means that a secret lies open.
Error refuse_key(const PemBlock& block, std::string_view where) {
  return at(block, "is a private key, which has no place among " + std::string(where) +
                       ": remove it, and have a new one made if others could read this file");
}

}  // namespace

Result<PemTaken> take_certificates(std::string_view pem, std::size_t limit, PemUse use) {
  auto blocks = read_pem(pem, kMaxBlocks);
  if (!blocks) return blocks.error();
  PemTaken out;
  Account account("certificate");
  for (PemBlock& block : *blocks) {
    const Kind kind = kind_of(block.label);
    if (is_any_key(kind) && use == PemUse::trust) return refuse_key(block, "trusted certificates");
    if (kind == Kind::parameters || is_any_key(kind)) {
      account.skipped(block);
      continue;
    }
    if (kind != Kind::certificate && kind != Kind::trusted_certificate) {
      return misplaced(block, kind, "CERTIFICATE");
    }
    if (out.ders.size() == limit) return too_many(block, limit);
    if (kind == Kind::trusted_certificate) {
      auto taken = take_trusted(block, use);
      if (!taken) return taken.error();
      out.ders.push_back(*std::move(taken));
    } else {
      out.ders.push_back(std::move(block.der));
    }
    account.took();
  }
  if (out.ders.empty()) {
    return Error{Fault::gateway,
                 "there is no CERTIFICATE block; PEM is expected, one certificate "
                 "or several"};
  }
  out.told = account.told();
  return out;
}

Result<PemTaken> take_lists(std::string_view pem, std::size_t limit) {
  auto blocks = read_pem(pem, kMaxBlocks);
  if (!blocks) return blocks.error();
  PemTaken out;
  Account account("revocation list");
  for (PemBlock& block : *blocks) {
    const Kind kind = kind_of(block.label);
    if (is_any_key(kind)) return refuse_key(block, "revocation lists");
    // The CA's own certificate stands before its list in bundles that go both ways.
    if (kind == Kind::certificate || kind == Kind::trusted_certificate ||
        kind == Kind::parameters) {
      account.skipped(block);
      continue;
    }
    if (kind != Kind::list) return misplaced(block, kind, "X509 CRL");
    if (out.ders.size() == limit) return too_many(block, limit);
    out.ders.push_back(std::move(block.der));
    account.took();
  }
  if (out.ders.empty()) {
    return Error{Fault::gateway, "there is no X509 CRL block, and it is not DER either"};
  }
  out.told = account.told();
  return out;
}

Result<PemKey> take_key(std::string_view pem) {
  auto blocks = read_pem(pem, kMaxBlocks);
  if (!blocks) return blocks.error();
  std::optional<PemBlock> key;
  Account account("private key");
  for (PemBlock& block : *blocks) {
    switch (const Kind kind = kind_of(block.label)) {
      case Kind::sealed_key:
        return at(block, "is encrypted; decrypt it (openssl pkey) and protect the file");
      case Kind::foreign_key:
        return at(block,
                  "is of a kind that is not read; write it as PKCS#8 (openssl pkey, or "
                  "ssh-keygen -p -m PKCS8)");
      case Kind::key:
        if (key) return at(block, "is a second private key; leave the one in that is to be used");
        key = std::move(block);
        account.took();
        break;
      case Kind::certificate:
      case Kind::trusted_certificate:
      case Kind::parameters:
      case Kind::public_key:
        account.skipped(block);
        break;
      default:
        return misplaced(block, kind, "PRIVATE KEY");
    }
  }
  if (!key) return Error{Fault::gateway, "there is no private key (a PEM block PRIVATE KEY)"};
  return PemKey{*std::move(key), account.told()};
}

}  // namespace sallyport::crypto
