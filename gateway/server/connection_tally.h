#pragma once

// ConnectionTally counts the client connections of all workers together, in all and by client
// address. It is asked once when a connection begins and once when it ends, never on a request's
// way. Limits that hold for the whole process cannot be kept by workers that share nothing, so the
// counts by address stand behind striped locks, each held for the time of one look-up.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "gateway/base/clock.h"
#include "gateway/base/token_bucket.h"
#include "gateway/crypto/siphash.h"
#include "gateway/net/address.h"

namespace sallyport::server {

// AddressLimits hold for one IPv4 address, or one IPv6 block of 64 bits, which is what one client
// is given. Zero: no limit.
struct AddressLimits {
  std::uint32_t connections = 0;
  std::uint32_t per_second = 0;  // new connections
};

class ConnectionTally {
 public:
  // Key is what connections are counted by. Clients choose their IPv6 addresses: the hash is keyed,
  // so that they cannot choose their place in the table.
  struct Key {
    std::uint64_t bits = 0;
    net::Family family = net::Family::none;
    std::uint64_t hash = 0;

    friend bool operator==(const Key&, const Key&) = default;
  };

  // Seat is one counted connection; it is given back when it is destroyed. The tally outlives it.
  class Seat {
   public:
    Seat() = default;
    Seat(Seat&& other) noexcept { swap(other); }
    Seat& operator=(Seat&& other) noexcept {
      Seat taken(std::move(other));
      swap(taken);
      return *this;
    }
    ~Seat();
    explicit operator bool() const { return tally_ != nullptr; }

   private:
    friend class ConnectionTally;
    void swap(Seat& other) noexcept;

    ConnectionTally* tally_ = nullptr;
    Key key_;  // Family::none: counted in all only
  };

  ConnectionTally() : sip_(crypto::SipKey::random()) {}
  ConnectionTally(const ConnectionTally&) = delete;
  ConnectionTally& operator=(const ConnectionTally&) = delete;

  // take counts one connection more. The seat is empty when `limit` are taken.
  Seat take(std::size_t limit);
  // charge counts the seat's connection for `address`, too.
  enum class Charge : std::uint8_t { good, too_many, too_often };
  Charge charge(Seat& seat, const net::Address& address, const AddressLimits& limits, MonoTime now);

  std::size_t taken() const { return taken_.load(std::memory_order_relaxed); }
  // addresses is how many are remembered: those with connections, and those whose rate is not yet
  // back to full.
  std::size_t addresses();

 private:
  struct Entry {
    std::uint32_t open = 0;
    TokenBucket rate;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const { return key.hash; }
  };
  using Entries = std::unordered_map<Key, Entry, Hash>;
  struct alignas(64) Stripe {
    std::mutex mutex;  // guards the rest
    Entries entries;
    std::size_t sweep_at = kSweepAt;
  };

  static constexpr std::size_t kStripes = 64;
  // A stripe that has grown to this many addresses is swept of those without connections.
  static constexpr std::size_t kSweepAt = 256;

  Key key_of(const net::Address& address) const;
  Stripe& stripe_of(const Key& key);
  static void sweep(Stripe& stripe, MonoTime now);
  void release(const Key& key);

  const crypto::SipKey sip_;
  std::atomic<std::size_t> taken_{0};
  std::array<Stripe, kStripes> stripes_;
};

}  // namespace sallyport::server
