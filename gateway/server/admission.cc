#include "gateway/server/admission.h"

#include <limits>

namespace sallyport::server {

std::optional<ConnectionRefusal> admit(WorkerState& worker, ConnectionTally::Seat& seat) {
  ProcessLoad& process = worker.process();
  if (process.pressure.load(std::memory_order_relaxed) != Pressure::none) {
    return ConnectionRefusal::memory;
  }
  seat = process.tally.take(worker.generation().limits.connections);
  if (seat) return std::nullopt;
  if (worker.shed_idle(ShedReason::connections) == 0) return ConnectionRefusal::limit;
  // Those that were shed give their seats back before the loop waits again.
  seat = process.tally.take(std::numeric_limits<std::size_t>::max());
  return std::nullopt;
}

std::optional<ConnectionRefusal> admit_client(WorkerState& worker, ConnectionTally::Seat& seat,
                                              const net::Address& client) {
  const Limits& limits = worker.generation().limits;
  if (limits.exempt.contains(client)) return std::nullopt;
  switch (worker.process().tally.charge(seat, client, limits.address, worker.loop().mono())) {
    case ConnectionTally::Charge::good:
      return std::nullopt;
    case ConnectionTally::Charge::too_many:
      return ConnectionRefusal::address_limit;
    case ConnectionTally::Charge::too_often:
      return ConnectionRefusal::address_rate;
  }
  return std::nullopt;
}

}  // namespace sallyport::server
