#include "gateway/tls/chain_verifier.h"

#include <array>
#include <cstring>
#include <utility>

#include "gateway/crypto/bytes.h"
#include "gateway/tls/path_check.h"

namespace sallyport::tls {
namespace {

std::string_view bytes_of(const CRYPTO_BUFFER* buffer) {
  return crypto::view_of(CRYPTO_BUFFER_data(buffer), CRYPTO_BUFFER_len(buffer));
}

// key_of covers everything that the verdict depends on but the time. Each part is a digest or ends
// in one, so that no two inputs look alike.
crypto::Sha256 key_of(std::span<const crypto::Sha256> chain, const TrustStore& store,
                      const Expectation& expected) {
  std::string parts(crypto::as_text(store.digest()));
  parts += static_cast<char>(expected.role);
  parts += crypto::as_text(crypto::sha256(expected.host));
  for (const auto& digest : chain) parts += crypto::as_text(digest);
  return crypto::sha256(parts);
}

CertificateRefusal too_long(std::size_t presented) {
  return {RefusalReason::chain_too_long,
          "the peer sent " + std::to_string(presented) + " certificates; at most " +
              std::to_string(ChainVerifier::kMaxPresented) + " are looked at",
          "", "", ""};
}

}  // namespace

std::size_t ChainVerifier::KeyBucket::operator()(const crypto::Sha256& key) const {
  std::size_t bucket;
  std::memcpy(&bucket, key.data(), sizeof bucket);
  return bucket;
}

ChainVerifier::Verdict ChainVerifier::verify(std::span<CRYPTO_BUFFER* const> chain,
                                             const TrustStore& store, const Expectation& expected,
                                             WallTime now) {
  if (chain.empty()) {
    return CertificateRefusal{RefusalReason::malformed, "no certificate was sent", "", "", ""};
  }
  if (chain.size() > kMaxPresented) return too_long(chain.size());
  std::array<crypto::Sha256, kMaxPresented> all_digests;
  for (std::size_t i = 0; i < chain.size(); ++i)
    all_digests[i] = crypto::sha256(bytes_of(chain[i]));
  const std::span<const crypto::Sha256> digests(all_digests.data(), chain.size());
  const crypto::Sha256 key = key_of(digests, store, expected);
  if (auto known = find(key, now)) return known;

  ChainMemory memory{issuers_, digests};
  auto checked = check_path(chain, store, expected, now, &memory);
  if (auto* refusal = std::get_if<CertificateRefusal>(&checked)) return std::move(*refusal);
  auto& path = std::get<GoodPath>(checked);
  const std::int64_t until = path.voucher.valid_until;
  const Verified certificate(
      new crypto::VerifiedCertificate(std::move(path.leaf), std::move(path.voucher)));
  remember({key, certificate, path.not_before, until});
  return certificate;
}

ChainVerifier::Verified ChainVerifier::find(const crypto::Sha256& key, WallTime now) {
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
  by_key_.insert_or_assign(entries_.front().key, entries_.begin());
}

}  // namespace sallyport::tls
