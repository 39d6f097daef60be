#pragma once

// Passive health: a server whose requests fail again and again gets none for a while.

#include "gateway/base/clock.h"
#include "gateway/proxy/server.h"

namespace sallyport::proxy {

struct EjectionRules {
  unsigned after = 0;        // failures in a row, over all workers; zero: never
  Milliseconds time{};       // of the first ejection; each that follows closely lasts longer
  unsigned max_percent = 0;  // of an upstream's servers, rounded down: a single one never goes
};

// Ejections add up to this many times `time`; after as much time without one they count anew.
inline constexpr unsigned kMaxEjectionTimes = 10;

// is_failure says whether an answer counts as a failed request: 502, 503 and 504. A 500 does not:
// which requests provoke one is for clients to choose, which servers there are is not.
inline bool is_failure(int status) { return status >= 502 && status <= 504; }

void note_success(const Server& server);
// note_failure returns true when this failure ejected the server.
bool note_failure(const ServerSet& set, const Server& server, const EjectionRules& rules,
                  MonoTime now);

}  // namespace sallyport::proxy
