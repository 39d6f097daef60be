// Rows of what is said about a finished request: access log, decision ring, counters.

#include <array>
#include <string>

#include "gateway/metrics/metrics.h"
#include "gateway/observe/decision_ring.h"
#include "gateway/observe/record.h"
#include "perf/micro/measure.h"
#include "perf/micro/plaid_chain.h"

namespace sallyport::perf {
namespace {

using benchmark::DoNotOptimize;

constexpr policy::Reason kExpired{"bearer.expired", policy::ErrorClass::invalid_token, "Expired."};

observe::RequestRecord record_of(const policy::Exchange& exchange) {
  observe::RequestRecord record;
  record.exchange = &exchange;
  record.route = "fdx-transactions";
  record.path = exchange.request.target.path;
  record.status = 200;
  record.upstream = "fdx";
  record.upstream_address = "127.0.0.1:8080";
  record.upstream_reused = true;
  record.first_byte_us = 1'042;
  record.policy_us = 12;
  record.total_us = 1'216;
  record.bytes_out = 8'432;
  record.generation = 3;
  return record;
}

observe::RequestRecord refusal_of(const policy::Exchange& exchange) {
  observe::RequestRecord record = record_of(exchange);
  record.status = 401;
  record.error_code = "602";
  record.reason = &kExpired;
  record.stage = "bearer";
  record.evidence = "exp=1799999000 now=1800000000 jti=9Vx0S3mJ7qk2bR5tYwZ1c";
  record.upstream = {};
  return record;
}

void access_line(benchmark::State& state, observe::RequestRecord (*make)(const policy::Exchange&)) {
  Inspected inspected(plaid_chain(0));
  const auto record = make(inspected.exchange());
  std::string line;
  measure(state, [&] {
    line.clear();
    observe::append_access_line(line, record);
    DoNotOptimize(line.data());
  });
  state.counters["bytes"] = static_cast<double>(line.size());
}
BENCHMARK_CAPTURE(access_line, forwarded, record_of)->Name("observe/access_line/forwarded");
BENCHMARK_CAPTURE(access_line, refused, refusal_of)->Name("observe/access_line/refused");

void decision_ring(benchmark::State& state) {
  Inspected inspected(plaid_chain(0));
  const auto record = record_of(inspected.exchange());
  observe::DecisionRing ring;
  measure(state, [&] { ring.add(record); });
}
BENCHMARK(decision_ring)->Name("observe/decision_ring_add");

// Several counters, as a request does not count into the one that was counted into just before.
void counter(benchmark::State& state) {
  metrics::Registry registry;
  std::array<metrics::Slot, 64> slots;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    slots[i] = registry.counter("requests_" + std::to_string(i), "");
  }
  metrics::Bank bank;
  Cycle cycle(slots.size());
  measure(state, [&] { bank.add(slots[cycle.next()]); });
}
BENCHMARK(counter)->Name("observe/counter_add");

void histogram(benchmark::State& state) {
  metrics::Registry registry;
  const metrics::Histogram seconds = registry.histogram("request_seconds", "");
  metrics::Bank bank;
  constexpr std::array<std::int64_t, 8> kTimes{40, 90, 700, 1'200, 3'000, 8'000, 30'000, 900'000};
  Cycle cycle(kTimes.size());
  measure(state, [&] { seconds.observe(bank, kTimes[cycle.next()]); });
}
BENCHMARK(histogram)->Name("observe/histogram_observe");

}  // namespace
}  // namespace sallyport::perf
