#pragma once

// Admission: what a new connection must pass before anything is spent on it. Whoever is let in has
// a seat in the tally of all workers.

#include <optional>
#include <string_view>

#include "gateway/server/connection_refusal.h"
#include "gateway/server/worker_state.h"

namespace sallyport::server {

// admit takes a seat for one connection more. When all are taken, idle connections end for it: the
// newest first, so that a flood takes the place of itself.
std::optional<ConnectionRefusal> admit(WorkerState& worker, ConnectionTally::Seat& seat);

// admit_client charges the seat to the client's address, unless that is in limits.exempt.
std::optional<ConnectionRefusal> admit_client(WorkerState& worker, ConnectionTally::Seat& seat,
                                              const net::Address& client);

}  // namespace sallyport::server
