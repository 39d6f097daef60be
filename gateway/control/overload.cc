// How the process stays within what the machine gives it: descriptors and memory.

#include <fmt/core.h>
#include <malloc.h>

#include "gateway/control/descriptors.h"
#include "gateway/control/gateway.h"
#include "gateway/load/machine_memory.h"

namespace sallyport::control {

void Gateway::fit_connections(server::Generation& generation) {
  const std::size_t most = connections_for(descriptors_);
  std::size_t& limit = generation.limits.connections;
  if (limit <= most) return;
  log_event("warn", "descriptors",
            fmt::format("{} file descriptors are enough for {} connections, not for the {} of "
                        "limits.connections",
                        descriptors_, most, limit));
  limit = most;
}

void Gateway::watch_memory() {
  const bool changed = memory_.judge(load::resident_memory());
  const server::Pressure pressure = memory_.pressure();
  process_.pressure.store(pressure, std::memory_order_relaxed);
  if (changed) {
    log_event(pressure == server::Pressure::none ? "info" : "warn", "memory_pressure",
              fmt::format("{}: {} of {} bytes", to_string(pressure), memory_.resident(),
                          memory_.ceiling()));
  }
  if (pressure == server::Pressure::none) return;
  to_all(
      [this](unsigned worker) {
        seats_[worker].server->state().shed_idle(server::ShedReason::memory);
      },
      // What was freed stays with the allocator, and would look like use for ever.
      [] { malloc_trim(0); });
}

}  // namespace sallyport::control
