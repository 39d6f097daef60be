#include "gateway/tls/chain_verifier.h"

#include <array>
#include <string>
#include <utility>

#include "gateway/crypto/bytes.h"
#include "gateway/tls/path_check.h"

namespace sallyport::tls {
namespace {

std::string_view bytes_of(const CRYPTO_BUFFER* buffer) {
  return crypto::view_of(CRYPTO_BUFFER_data(buffer), CRYPTO_BUFFER_len(buffer));
}

// key_of covers everything that the verdict depends on but the time. Every part but the last has a
// length that is known, so that no two inputs look alike.
std::string key_of(std::span<const Presented> chain, const TrustStore& store,
                   const Expectation& expected) {
  std::string key;
  key.reserve(2 + (1 + chain.size()) * sizeof(crypto::Sha256) + expected.host.size());
  key += static_cast<char>(expected.role);
  key += static_cast<char>(chain.size());
  key += crypto::as_text(store.digest());
  for (const auto& certificate : chain) key += crypto::as_text(certificate.digest);
  key += expected.host;
  return key;
}

CertificateRefusal too_long(std::size_t presented) {
  return {RefusalReason::chain_too_long,
          "the peer sent " + std::to_string(presented) + " certificates; at most " +
              std::to_string(ChainVerifier::kMaxPresented) + " are looked at",
          "", "", ""};
}

}  // namespace

ChainVerifier::Verdict ChainVerifier::verify(std::span<CRYPTO_BUFFER* const> chain,
                                             const TrustStore& store, const Expectation& expected,
                                             WallTime now) {
  if (chain.empty()) {
    return CertificateRefusal{RefusalReason::malformed, "no certificate was sent", "", "", ""};
  }
  if (chain.size() > kMaxPresented) return too_long(chain.size());
  std::array<Presented, kMaxPresented> room;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const std::string_view der = bytes_of(chain[i]);
    if (i > 0) room[i].issuer = issuers_.find(der);
    room[i].digest = room[i].issuer ? room[i].issuer->digest : crypto::sha256(der);
  }
  const std::span<const Presented> certificates(room.data(), chain.size());
  std::string key = key_of(certificates, store, expected);
  if (auto known = find(key, now)) return known;

  ChainMemory memory{issuers_, certificates};
  auto checked = check_path(chain, store, expected, now, &memory);
  if (auto* refusal = std::get_if<CertificateRefusal>(&checked)) return std::move(*refusal);
  auto& path = std::get<GoodPath>(checked);
  const std::int64_t until = path.voucher.valid_until;
  const Verified certificate(
      new crypto::VerifiedCertificate(std::move(path.leaf), std::move(path.voucher)));
  remember({std::move(key), certificate, path.not_before, until});
  return certificate;
}

ChainVerifier::Verified ChainVerifier::find(const std::string& key, WallTime now) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  const auto entry = found->second;
  if (now.unix_seconds() < entry->not_before || now.unix_seconds() > entry->not_after) {
    // Judged anew: the refusal then says which certificate is out of its time.
    by_key_.erase(found);
    entries_.erase(entry);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, entry);
  ++hits_;
  return entry->certificate;
}

void ChainVerifier::remember(Entry entry) {
  if (capacity_ == 0) return;
  if (entries_.size() >= capacity_) {
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
  entries_.push_front(std::move(entry));
  by_key_.emplace(entries_.front().key, entries_.begin());
}

}  // namespace sallyport::tls
