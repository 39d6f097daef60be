#include <array>

#include "gateway/proxy/upstream.h"

namespace sallyport::proxy {

UpstreamSlots UpstreamSlots::make(metrics::Registry& registry, std::string_view upstream) {
  constexpr std::string_view kClasses[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
  const metrics::Label of{"upstream", upstream};
  const std::span<const metrics::Label> labels(&of, 1);
  UpstreamSlots slots;
  for (std::size_t i = 0; i < std::size(kClasses); ++i) {
    const std::array both{of, metrics::Label{"code_class", kClasses[i]}};
    slots.requests[i] = registry.counter("upstream_requests_total",
                                         "Requests forwarded, by the answer's status class.", both);
  }
  slots.connects =
      registry.counter("upstream_connects_total", "Connections to an upstream begun.", labels);
  slots.connect_failures =
      registry.counter("upstream_connect_failures_total",
                       "Connections to an upstream that were not made, TLS included.", labels);
  slots.reused =
      registry.counter("upstream_reused_total", "Attempts that used a kept connection.", labels);
  slots.retries = registry.counter("upstream_retries_total", "Second attempts.", labels);
  slots.ejections = registry.counter("upstream_ejections_total",
                                     "Servers that were given no requests for failing.", labels);
  const auto connections = [&](std::string_view state) {
    const std::array both{of, metrics::Label{"state", state}};
    return registry.gauge("upstream_connections",
                          "Connections to an upstream; the busy ones as requests under way.", both);
  };
  slots.busy = connections("busy");
  slots.idle = connections("idle");
  slots.waiting =
      registry.gauge("upstream_requests_waiting", "Requests that wait for a connection.", labels);
  return slots;
}

}  // namespace sallyport::proxy
