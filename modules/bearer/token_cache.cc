#include "modules/bearer/token_cache.h"

#include <bit>
#include <utility>

namespace sallyport::bearer {
namespace {

// footprint is what the claims of a token take in memory, near enough for a limit.
constexpr std::size_t kNothing = 1;  // what is remembered of an inactive token lies in its slot

std::size_t footprint(const policy::TokenClaims& claims) {
  constexpr std::size_t kPerAllocation = 16;
  std::size_t bytes = sizeof claims + kPerAllocation;
  for (const std::string* text :
       {&claims.issuer, &claims.subject, &claims.client_id, &claims.token_id, &claims.key_id,
        &claims.consent_id, &claims.scope_text, &claims.certificate_sha256, &claims.key_sha256}) {
    bytes += text->capacity() + kPerAllocation;
  }
  for (const auto* list : {&claims.scopes, &claims.audience}) {
    for (const std::string& text : *list) bytes += sizeof text + text.capacity() + kPerAllocation;
  }
  return bytes;
}

}  // namespace

TokenCache::TokenCache(std::size_t max_entries, std::size_t max_bytes)
    : hash_(crypto::SipKey::random()),
      max_bytes_(max_bytes),
      buckets_(std::bit_floor(max_entries / kWays)) {}

std::unique_ptr<TokenCache::Bucket>& TokenCache::bucket_of(const crypto::Hash128& key) {
  return buckets_[key.low & (buckets_.size() - 1)];
}

// The hash alone stands for the token: 128 bits under a key that is random for each process and
// that nobody outside learns, nor ever sees a hash. SipHash-1-3 has no known weakness under such a
// key, and costs half of what 2-4 does over the 800 octets of a token.
const KnownToken* TokenCache::find(std::string_view token) {
  if (buckets_.empty()) return nullptr;
  const crypto::Hash128 key = hash_.short_hash128(token);
  const auto& bucket = bucket_of(key);
  if (bucket == nullptr) return nullptr;
  for (Slot& slot : *bucket) {
    if (slot.bytes == 0 || slot.key != key) continue;
    slot.was_used = true;
    return &slot.token;
  }
  return nullptr;
}

void TokenCache::insert(std::string_view token, KnownToken known) {
  if (buckets_.empty()) return;
  const std::size_t bytes = known.claims ? footprint(*known.claims) : kNothing;
  if (bytes > max_bytes_) return;
  const crypto::Hash128 key = hash_.short_hash128(token);
  auto& bucket = bucket_of(key);
  if (bucket == nullptr) bucket = std::make_unique<Bucket>();
  for (Slot& slot : *bucket) {
    if (slot.bytes != 0 && slot.key == key) release(slot);
  }
  if (!shrink_to(max_bytes_ - bytes)) return;
  Slot& slot = room_in(*bucket);
  slot.key = key;
  slot.token = std::move(known);
  slot.bytes = static_cast<std::uint32_t>(bytes);
  slot.was_used = false;
  bytes_ += bytes;
  ++size_;
  report();
}

void TokenCache::report_to(std::shared_ptr<CacheGauges> gauges, unsigned worker) {
  gauges_ = std::move(gauges);
  worker_ = worker;
  report();
}

void TokenCache::report() {
  if (gauges_ == nullptr) return;
  CacheGauges::Gauge& gauge = gauges_->workers[worker_];
  gauge.entries.store(size_, std::memory_order_relaxed);
  gauge.bytes.store(bytes_, std::memory_order_relaxed);
}

// room_in prefers a free slot, then one that was not used lately, then the first: when all were
// used, each must prove itself again, or a full bucket would stay as it is for ever.
TokenCache::Slot& TokenCache::room_in(Bucket& bucket) {
  Slot* chosen = &bucket.front();
  for (Slot& slot : bucket) {
    if (slot.bytes == 0) return slot;
    if (!slot.was_used && chosen->was_used) chosen = &slot;
  }
  for (Slot& slot : bucket) slot.was_used = false;
  release(*chosen);
  return *chosen;
}

void TokenCache::release(Slot& slot) {
  bytes_ -= slot.bytes;
  --size_;
  slot.token = {};
  slot.bytes = 0;
}

// shrink_to turns the clock's hand: a slot that was used since the last turn stays for one more. A
// request pays for a few buckets at most; when they yield too little, its token is not remembered.
bool TokenCache::shrink_to(std::size_t bytes) {
  constexpr int kMaxBuckets = 64;
  for (int turn = 0; bytes_ > bytes && turn < kMaxBuckets; ++turn) {
    const auto& bucket = buckets_[hand_];
    hand_ = (hand_ + 1) & (buckets_.size() - 1);
    if (bucket == nullptr) continue;
    for (Slot& slot : *bucket) {
      if (bytes_ <= bytes) break;
      if (slot.bytes != 0 && !std::exchange(slot.was_used, false)) release(slot);
    }
  }
  return bytes_ <= bytes;
}

}  // namespace sallyport::bearer
