#pragma once

// ProcessLoad is what the workers share about the process as a whole.

#include <atomic>
#include <cstdint>

#include "gateway/server/connection_tally.h"

namespace sallyport::server {

// Pressure is how near the process is to limits.memory; control measures it.
enum class Pressure : std::uint8_t {
  none,
  soft,  // no new connections; idle ones end
  hard,  // no new requests either
};

struct ProcessLoad {
  ConnectionTally tally;
  std::atomic<Pressure> pressure{Pressure::none};
  // Log lines are lost, and `log.on_failure: refuse` says that then no request may be served.
  std::atomic<bool> log_is_lost{false};
};

}  // namespace sallyport::server
