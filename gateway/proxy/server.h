#pragma once

// Server is one address of an upstream, with what the whole process knows of its condition. All
// workers read and write the condition: it consists of relaxed atomics, so nobody waits for
// anybody, and a request that sees it a moment late is no worse off than one that came a moment
// sooner.

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/event/worker.h"

namespace sallyport::proxy {

// ServerSpec is a server as the configuration names it: an address, or a name that has some.
struct ServerSpec {
  std::string text;  // "api.internal:8080", "192.0.2.7:8080" or "unix:/run/api.sock"
  std::string host;  // without port and brackets; empty for a Unix socket
  std::uint16_t port = 0;
  unsigned weight = 1;  // of each of its addresses
  sockaddr_storage address{};
  socklen_t length = 0;  // zero: `host` is a name, to be resolved

  bool is_name() const { return length == 0; }
};

// Condition says whether a server gets requests, and since when.
struct Condition {
  std::atomic<bool> healthy{true};                // the last word of its health check
  std::atomic<unsigned> failures{0};              // in a row, of requests
  std::atomic<unsigned> ejections{0};             // that followed closely on each other
  std::atomic<std::int64_t> ejected_until_us{0};  // monotonic; zero: never
  std::atomic<std::int64_t> returned_us{0};       // when slow start began; zero: never

  bool is_ejected(MonoTime now) const {
    return ejected_until_us.load(std::memory_order_relaxed) > now.us;
  }
  bool is_up(MonoTime now) const {
    return healthy.load(std::memory_order_relaxed) && !is_ejected(now);
  }
};

// ServerLoad is what one worker does with a server. Only that worker writes it, and anybody reads
// it.
struct alignas(64) ServerLoad {
  std::atomic<std::uint64_t> requests{0};  // attempts that were sent there
  std::atomic<std::uint64_t> failures{0};  // of those: no connection, no answer, or 502, 503, 504
  std::atomic<std::uint64_t> in_use{0};    // attempts under way
  std::atomic<std::uint64_t> idle{0};      // kept connections

  static void add(std::atomic<std::uint64_t>& count, std::uint64_t by = 1) {
    count.store(count.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  static void subtract(std::atomic<std::uint64_t>& count) {
    count.store(count.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
  }
};

struct Server {
  std::string text;      // "127.0.0.1:8080" or "unix:/run/api.sock", for logs
  std::string tls_name;  // what its certificate must be for; empty without TLS
  sockaddr_storage address{};
  socklen_t length = 0;
  unsigned weight = 1;
  mutable Condition condition;
  mutable std::array<ServerLoad, event::Worker::kMaxWorkers> loads;  // by worker
};

// ServerSet is what an upstream has at one moment: immutable, shared by all workers.
struct ServerSet {
  std::vector<std::shared_ptr<const Server>> servers;
  // Held while a server is ejected, so that two workers cannot eject one too many. Never waited
  // for.
  mutable std::atomic_flag ejecting = ATOMIC_FLAG_INIT;
};

// kWeightUnit is what a weight of one counts, so that slow start can give a part of it.
inline constexpr std::int64_t kWeightUnit = 1000;

// weight_now is the server's weight in units; below its full weight for `slow_start` after it has
// returned, and never zero.
std::int64_t weight_now(const Server& server, Milliseconds slow_start, MonoTime now);

}  // namespace sallyport::proxy
