#include "gateway/tls/path_check.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/base/utc.h"
#include "gateway/crypto/bytes.h"
#include "gateway/crypto/certificate.h"
#include "gateway/tls/ca_path.h"
#include "gateway/tls/weakness.h"

namespace sallyport::tls {
namespace {

using Outcome = std::variant<CaPath, CertificateRefusal>;

std::string_view bytes_of(const CRYPTO_BUFFER* buffer) {
  return crypto::view_of(CRYPTO_BUFFER_data(buffer), CRYPTO_BUFFER_len(buffer));
}

// parse_issuer copies the bytes: what was parsed may outlive the connection and its pool of
// buffers.
std::shared_ptr<const PresentedIssuer> parse_issuer(const CRYPTO_BUFFER* buffer,
                                                    const crypto::Sha256& digest) {
  const bssl::UniquePtr<CRYPTO_BUFFER> copy(
      CRYPTO_BUFFER_new(CRYPTO_BUFFER_data(buffer), CRYPTO_BUFFER_len(buffer), nullptr));
  SALLYPORT_CHECK(copy);
  auto issuer = std::make_shared<PresentedIssuer>();
  issuer->der = bytes_of(buffer);
  issuer->digest = digest;
  issuer->certificate.reset(X509_parse_from_buffer(copy.get()));
  ERR_clear_error();
  if (!issuer->certificate) return nullptr;
  if (auto view = crypto::view_certificate(issuer->der, digest)) issuer->view = std::move(*view);
  return issuer;
}

// parse takes what memory has and parses the others.
std::variant<PresentedChain, CertificateRefusal> parse(std::span<CRYPTO_BUFFER* const> chain,
                                                       const ChainMemory* memory) {
  const std::string_view leaf_der = bytes_of(chain.front());
  auto leaf = memory != nullptr
                  ? crypto::view_certificate(leaf_der, memory->certificates.front().digest)
                  : crypto::view_certificate(leaf_der);
  if (!leaf) return CertificateRefusal{RefusalReason::malformed, leaf.error().text, "", "", ""};
  PresentedChain out;
  out.view = std::move(*leaf);
  out.others.reset(sk_X509_new_null());
  SALLYPORT_CHECK(out.others);
  const auto unreadable = [&] {
    return refusal_of(RefusalReason::malformed, "a certificate of the chain cannot be read",
                      out.view);
  };
  out.leaf.reset(X509_parse_from_buffer(chain.front()));
  ERR_clear_error();
  if (!out.leaf) return unreadable();
  for (std::size_t i = 1; i < chain.size(); ++i) {
    auto issuer = memory != nullptr ? memory->certificates[i].issuer : nullptr;
    if (!issuer) {
      issuer = parse_issuer(chain[i], memory != nullptr ? memory->certificates[i].digest
                                                        : crypto::sha256(bytes_of(chain[i])));
    }
    if (!issuer) return unreadable();
    out.view.chain_der.emplace_back(bytes_of(chain[i]));
    SALLYPORT_CHECK(bssl::PushToStack(out.others.get(), bssl::UpRef(issuer->certificate)));
    out.issuers.push_back(std::move(issuer));
  }
  return out;
}

bool is_pinned(const TrustEntry& entry, const crypto::CertificateView& leaf) {
  return entry.kind == TrustKind::leaf ? entry.certificates.front().sha256 == leaf.sha256
                                       : entry.spki == leaf.spki_sha256;
}

// check_pin asks of a pinned certificate what the library asks of the end of a path.
Outcome check_pin(const PresentedChain& chain, const TrustEntry& entry, std::string_view store,
                  const Expectation& expected, WallTime now) {
  const crypto::CertificateView& leaf = chain.view;
  const std::string who = "the certificate of " + leaf.subject;
  if (!is_pinned(entry, leaf)) {
    return refusal_of(RefusalReason::unknown_issuer,
                      "the trust store " + std::string(store) + " has no pin of " + leaf.subject +
                          " (issuer " + leaf.issuer + ")",
                      leaf);
  }
  if (now.unix_seconds() < leaf.not_before) {
    return refusal_of(RefusalReason::not_yet_valid,
                      who + " is not valid before " + utc_text(leaf.not_before), leaf);
  }
  if (now.unix_seconds() > leaf.not_after) {
    return refusal_of(RefusalReason::expired, who + " expired at " + utc_text(leaf.not_after),
                      leaf);
  }
  const bool is_client = expected.role == Expectation::Role::client;
  const int purpose = is_client ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER;
  const bool fits = X509_check_purpose(chain.leaf.get(), purpose, 0) == 1;
  ERR_clear_error();
  if (!fits) {
    return refusal_of(RefusalReason::wrong_purpose,
                      who + " may not be used for TLS " + (is_client ? "clients" : "servers"),
                      leaf);
  }
  if (auto weak = weakness_of(chain.leaf.get(), leaf, Signed::trusted)) return std::move(*weak);
  CaPath path;
  path.add(leaf);
  return path;
}

std::optional<CertificateRefusal> check_window(const TrustEntry& entry,
                                               const crypto::CertificateView& leaf, WallTime now) {
  if (entry.is_active(now.unix_seconds())) return std::nullopt;
  const bool is_early = now.unix_seconds() < entry.not_before;
  return refusal_of(RefusalReason::not_active,
                    "the trust entry " + entry.id +
                        (is_early ? " is not active before " + utc_text(entry.not_before)
                                  : " was retired at " + utc_text(entry.retire_after)),
                    leaf);
}

// check_blocked looks for every certificate of the path among those that the store blocks.
std::optional<CertificateRefusal> check_blocked(const CaPath& path, const TrustStore& store) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (!store.is_blocked(path[i])) continue;
    const std::string what = i == 0 ? "the certificate" : "its issuer " + path[i].subject;
    return refusal_of(RefusalReason::revoked,
                      what + " is blocked in the trust store " + std::string(store.name()),
                      path.leaf());
  }
  return std::nullopt;
}

// check_revocation judges each certificate of the path but the anchor by its issuer's list. The
// issuer of a pin is not established: there only a list of that name can speak against it.
std::optional<CertificateRefusal> check_revocation(const CaPath& path, const TrustStore& store,
                                                   TrustKind kind, WallTime now) {
  const crypto::CertificateView& leaf = path.leaf();
  if (auto blocked = check_blocked(path, store)) return blocked;
  if (store.crls() == nullptr) return std::nullopt;
  if (kind != TrustKind::ca) {
    if (store.crls()->revoker(leaf) == nullptr) return std::nullopt;
    return refusal_of(RefusalReason::revoked,
                      "serial " + leaf.serial + " is on the revocation list of " + leaf.issuer,
                      leaf);
  }
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    auto refused = store.crls()->judge(path[i], path[i + 1], now);
    if (refused) return refusal_of(refused->reason, std::move(refused->text), leaf);
  }
  return std::nullopt;
}

std::optional<CertificateRefusal> check_identity(const TrustEntry& entry,
                                                 const crypto::CertificateView& leaf) {
  auto mismatch = entry.identity.mismatch(leaf);
  if (!mismatch) return std::nullopt;
  return refusal_of(RefusalReason::identity_mismatch,
                    std::move(*mismatch) + " (trust entry " + entry.id + ")", leaf);
}

Outcome check_entry(PathQuestion& question, PresentedChain& chain, const TrustEntry& entry,
                    const TrustStore& store, Hints hints) {
  const WallTime now = question.now;
  const auto demand = [&](const CaPath& path) {
    auto refusal = check_window(entry, chain.view, now);
    return refusal ? refusal : check_revocation(path, store, entry.kind, now);
  };
  const bool is_ca = entry.kind == TrustKind::ca;
  Outcome found = is_ca ? find_ca_path(question, entry, hints, demand)
                        : check_pin(chain, entry, store.name(), question.expected, now);
  if (found.index() == 1) return found;
  const auto& path = std::get<CaPath>(found);
  if (auto refusal = is_ca ? std::nullopt : demand(path)) return std::move(*refusal);
  chain.view.common_name_forbidden = path.forbids_common_name();
  if (auto refusal = check_identity(entry, chain.view)) return std::move(*refusal);
  return found;
}

GoodPath good_path(const CaPath& path, const TrustEntry& entry, const TrustStore& store,
                   PresentedChain& presented, WallTime now) {
  GoodPath out;
  out.not_before = entry.not_before;
  crypto::Voucher& voucher = out.voucher;
  voucher = {.trust_store = std::string(store.name()),
             .entry = entry.id,
             .identity = entry.identity.name,
             .anchor = path.anchor().subject,
             .valid_until = entry.retire_after,
             .issuers = {}};
  for (std::size_t i = 0; i < path.size(); ++i) {
    out.not_before = std::max(out.not_before, path[i].not_before);
    voucher.valid_until = std::min(voucher.valid_until, path[i].not_after);
    if (i == 0 || store.crls() == nullptr) continue;
    const auto window = store.crls()->window(path[i - 1], path[i], now);
    out.not_before = std::max(out.not_before, window.from);
    voucher.valid_until = std::min(voucher.valid_until, window.until);
  }
  for (std::size_t i = 1; i < path.size(); ++i) {
    const bool is_anchor = i + 1 == path.size();
    voucher.issuers.push_back(
        {path[i].sha256, path[i].spki_sha256, is_anchor ? std::string() : path[i].der});
  }
  // Last: the path points to it.
  out.leaf = std::move(presented.view);
  return out;
}

// An entry that does not know the issuer says less than one that has found something to object to.
bool is_more_telling(const CertificateRefusal& a, const CertificateRefusal& b) {
  const auto rank = [](RefusalReason reason) {
    switch (reason) {
      case RefusalReason::unknown_issuer:
        return 0;
      case RefusalReason::bad_signature:
        return 1;
      case RefusalReason::not_active:
        return 2;
      default:
        return 3;
    }
  };
  return rank(a.reason) > rank(b.reason);
}

// ask_entries asks one entry after the other; with hints ignored, those that may have more to say.
Outcome ask_entries(PathQuestion& question, PresentedChain& chain, const TrustStore& store,
                    Hints hints, const TrustEntry*& vouching) {
  std::optional<CertificateRefusal> why;
  for (const TrustEntry& entry : store.entries()) {
    if (hints == Hints::ignored && entry.kind != TrustKind::ca) continue;
    auto outcome = check_entry(question, chain, entry, store, hints);
    if (outcome.index() == 0) {
      vouching = &entry;
      return outcome;
    }
    auto& refusal = std::get<CertificateRefusal>(outcome);
    const bool tells_more = !why || is_more_telling(refusal, *why);
    if (tells_more) why = std::move(refusal);
  }
  if (why) return std::move(*why);
  return refusal_of(RefusalReason::unknown_issuer,
                    "the trust store " + std::string(store.name()) + " is empty", chain.view);
}

}  // namespace

std::variant<GoodPath, CertificateRefusal> check_path(std::span<CRYPTO_BUFFER* const> chain,
                                                      const TrustStore& store,
                                                      const Expectation& expected, WallTime now,
                                                      ChainMemory* memory) {
  auto parsed = parse(chain, memory);
  if (auto* refusal = std::get_if<CertificateRefusal>(&parsed)) return std::move(*refusal);
  auto& presented = std::get<PresentedChain>(parsed);
  PathQuestion question{presented, store.name(), expected, now};
  const TrustEntry* entry = nullptr;
  Outcome outcome = ask_entries(question, presented, store, Hints::heeded, entry);
  if (entry == nullptr && question.has_passed) {
    Outcome second = ask_entries(question, presented, store, Hints::ignored, entry);
    const auto* refusal = std::get_if<CertificateRefusal>(&second);
    const bool counts =
        refusal == nullptr || is_more_telling(*refusal, std::get<CertificateRefusal>(outcome));
    if (counts) outcome = std::move(second);
  }
  if (auto* refusal = std::get_if<CertificateRefusal>(&outcome)) return std::move(*refusal);
  if (memory != nullptr) {
    for (const auto& issuer : presented.issuers) memory->issuers.remember(issuer);
  }
  return good_path(std::get<CaPath>(outcome), *entry, store, presented, now);
}

}  // namespace sallyport::tls
