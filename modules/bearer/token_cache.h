#pragma once

// TokenCache remembers for one worker which tokens have a good signature, so that the next request
// with the same bytes saves the expensive part. It remembers nothing else: time, audience, issuer
// and the certificate that the token is bound to are judged at every request.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "gateway/crypto/siphash.h"
#include "gateway/policy/token_claims.h"
#include "modules/bearer/issuer_keys.h"

namespace sallyport::bearer {

// KnownToken is what has been established about a token. A signature holds as long as the issuer's
// key set is the one of that epoch; what an issuer has said of an opaque token, until a time.
struct KnownToken {
  std::shared_ptr<const policy::TokenClaims> claims;  // null: the issuer says that it is not active
  std::shared_ptr<const IssuerKeys> issuer;
  std::uint64_t epoch = 0;
  KeyUse* use = nullptr;  // of the key that signed; lives as long as the set of that epoch
  bool is_opaque = false;
  std::int64_t good_until = 0;  // Unix seconds, for an opaque one
  std::int64_t told_at = 0;  // likewise: a clock that is set back behind it makes it unknown again
};

// CacheGauges is how full the workers' caches are; each is written by one worker and read by
// control.
struct CacheGauges {
  struct alignas(64) Gauge {
    std::atomic<std::size_t> entries{0};
    std::atomic<std::size_t> bytes{0};
  };
  std::array<Gauge, event::Worker::kMaxWorkers> workers{};
};

class TokenCache {
 public:
  // Both limits hold at any time: `max_entries` is rounded down to a power of two of buckets, and
  // `max_bytes` is what the remembered claims may take. Less than a bucket remembers nothing.
  TokenCache(std::size_t max_entries, std::size_t max_bytes);
  // report_to makes the cache say how full it is as that worker's.
  void report_to(std::shared_ptr<CacheGauges> gauges, unsigned worker);

  // find returns what is known of exactly these bytes, or null; valid until the next insert.
  const KnownToken* find(std::string_view token);
  // insert remembers, and forgets what has not been asked for lately to make room.
  void insert(std::string_view token, KnownToken known);

  std::size_t size() const { return size_; }
  std::size_t bytes() const { return bytes_; }

 private:
  static constexpr std::size_t kWays = 8;

  struct Slot {
    crypto::Hash128 key{};
    KnownToken token;
    std::uint32_t bytes = 0;  // zero: free
    bool was_used = false;    // since it was looked at for room
  };
  // A bucket is searched whole. It is made when the first token falls into it, so that a quiet
  // gateway does not pay for the table.
  using Bucket = std::array<Slot, kWays>;

  std::unique_ptr<Bucket>& bucket_of(const crypto::Hash128& key);
  Slot& room_in(Bucket& bucket);
  void release(Slot& slot);
  bool shrink_to(std::size_t bytes);
  void report();

  // The key is random and never leaves this object: nobody can aim at a bucket, or make two tokens
  // that look the same to it.
  const crypto::SipKey hash_;
  const std::size_t max_bytes_;
  std::vector<std::unique_ptr<Bucket>> buckets_;  // a power of two of them, or none
  std::size_t hand_ = 0;                          // of the clock that looks for buckets to free
  std::size_t size_ = 0;
  std::size_t bytes_ = 0;
  std::shared_ptr<CacheGauges> gauges_;
  unsigned worker_ = 0;
};

}  // namespace sallyport::bearer
