#pragma once

// Which server gets the next request: the one with the fewest under way for its weight. Servers
// that are equal in this take turns by weight (smooth weighted round robin), so that weights also
// hold where there is seldom more than one request at a time.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "gateway/base/clock.h"
#include "gateway/proxy/server.h"

namespace sallyport::proxy {

// Share is what one worker knows of its part of a server's load.
struct Share {
  const Server* server = nullptr;
  std::size_t in_flight = 0;
  std::int64_t credit = 0;  // of the turns
};

// pick returns the index of the share whose server is to get a request, or nothing when no server
// is up. `avoid` is taken only when it is the only one.
std::optional<std::size_t> pick(std::span<Share* const> shares, Milliseconds slow_start,
                                MonoTime now, const Server* avoid = nullptr);

}  // namespace sallyport::proxy
