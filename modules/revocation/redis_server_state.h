#pragma once

// RedisServerState is what a Redis says of itself (INFO), as far as it tells whether it is the one
// that it was, and whether it may have lost something.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/clock.h"

namespace sallyport::revocation {

struct RedisServerState {
  std::string server;  // where it was found
  std::string run_id;
  bool is_master = false;
  std::string replication_id;
  std::string former_id;           // of the master that it was a replica of
  std::int64_t offset = 0;         // of the replication stream
  std::int64_t former_until = -1;  // the first offset that is not of the former master's stream
  std::int64_t evicted = 0;        // keys that it removed for want of memory
  std::int64_t clock_us = -1;      // its wall clock; -1: it does not say (before Redis 7)
  MonoTime seen{};                 // of our CLOCK_BOOTTIME, when it said so; the caller's to set

  static RedisServerState parse(std::string server, std::string_view info);
};

// Loss is why revocations may be missing in a Redis.
enum class Loss : std::uint8_t {
  flush,     // a database was emptied
  eviction,  // keys were removed for want of memory
  restart,   // it began again
  failover,  // another server is the master now
  lag,       // and it had not got all that the former one had acknowledged
  clock,     // its wall clock jumped, and ended keys
  away,      // none of these: something happened while nobody was connected
};
inline constexpr int kLosses = 7;

std::string_view loss_name(Loss loss);

// has_clock_jumped says whether the server's wall clock has gone otherwise than time between two
// looks: a clock that jumps ahead ends keys as if somebody had deleted them.
bool has_clock_jumped(const RedisServerState& before, const RedisServerState& after);

// loss_between says what happened between two looks at the master.
Loss loss_between(const std::optional<RedisServerState>& before, const RedisServerState& after);

}  // namespace sallyport::revocation
