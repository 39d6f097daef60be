#pragma once

// SightingTable remembers when an opaque token was first seen, for issuers that do not tell when
// they made it: for all workers and configurations at once, so that a token is as old on one worker
// as on another. Only tokens that the issuer has called active are entered, so that strangers
// cannot fill it. Its size is fixed and nobody locks. When a bucket is full, the token that was
// seen first of all is forgotten, and would be taken for new; it has had its time by then, unless
// more than `entries` tokens come within it.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "gateway/crypto/siphash.h"
#include "gateway/policy/module.h"

namespace sallyport::bearer {

class SightingTable {
 public:
  // `entries` is rounded up to a power of two; each takes 8 bytes. `now` is in Unix seconds.
  SightingTable(std::size_t entries, std::int64_t now);

  // first_seen returns when this was called with `token` for the first time; any thread may call
  // it.
  std::int64_t first_seen(std::string_view token, std::int64_t now);

 private:
  // A slot holds 36 bits of a keyed hash above 28 bits of seconds; zero is free. Two tokens look
  // the same once in 2^36 times 16, and then the later one is taken for as old as the other.
  using Slot = std::atomic<std::uint64_t>;
  static constexpr std::size_t kWays = 16;
  static constexpr int kTimeBits = 28;

  const crypto::SipKey hash_ = crypto::SipKey::random();
  const std::int64_t start_;  // times are counted from here
  const std::size_t mask_;
  const std::unique_ptr<Slot[]> slots_;
};

// SightingService keeps the table for the next configuration.
class SightingService final : public policy::Service {
 public:
  static constexpr std::size_t kEntries = 131'072;  // one MiB

  explicit SightingService(std::int64_t now)
      : table_(std::make_shared<SightingTable>(kEntries, now)) {}
  void start(event::Loop&, event::Broadcast&) override {}
  std::shared_ptr<SightingTable> table() const { return table_; }

 private:
  const std::shared_ptr<SightingTable> table_;
};

}  // namespace sallyport::bearer
