// Rows of a rate limit's decision: one limit or several, for one address or for many.

#include <string>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/policy/facts.h"
#include "modules/rate/rate.h"
#include "perf/micro/measure.h"
#include "tests/support/policy_harness.h"

namespace sallyport::perf {
namespace {

constexpr std::size_t kAddresses = 16'384;
constexpr std::string_view kLimits =
    "limits:\n"
    "  address: {by: [address], requests: 1000000, burst: 10000000}\n"
    "  partner: {by: [identity], requests: 1000000, burst: 10000000, classes: "
    "{plaid: {requests: 1000000, burst: 10000000}}}\n"
    "  route: {by: [route, address], requests: 1000000, burst: 10000000, concurrent: 1000000}\n";

std::vector<net::Address> addresses(std::size_t count) {
  std::vector<net::Address> all;
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back(net::Address::from_v4(0x0a000000U + static_cast<std::uint32_t>(i * 7919)));
  }
  return all;
}

void decide(benchmark::State& state, std::string_view limits, std::size_t clients) {
  test::PolicyHarness harness(rate::module);
  harness.shared(kLimits);
  SALLYPORT_CHECK(harness.load("limits: [" + std::string(limits) + "]"));
  const auto from = addresses(clients);
  test::Call call;
  call.identity("plaid");
  policy::Exchange& exchange = call.exchange();
  exchange.started = {1'000'000'000};
  Cycle cycle(from.size());
  measure(state, [&] {
    exchange.facts.client_address = from[cycle.next()];
    exchange.started.us += 3;
    const auto verdict = harness.policy().on_request(exchange);
    SALLYPORT_CHECK(std::holds_alternative<policy::Allow>(verdict));
    harness.policy().on_done(exchange);
  });
}
BENCHMARK_CAPTURE(decide, one_address, "address", 1)->Name("rate/decide/one_address");
BENCHMARK_CAPTURE(decide, addresses, "address", kAddresses)->Name("rate/decide/16384_addresses");
BENCHMARK_CAPTURE(decide, partner, "partner", 1)->Name("rate/decide/partner_class");
BENCHMARK_CAPTURE(decide, concurrent, "route", kAddresses)->Name("rate/decide/rate_and_concurrent");
BENCHMARK_CAPTURE(decide, three, "address, partner, route", kAddresses)
    ->Name("rate/decide/three_limits");

// What a client that is refused costs.
void refuse(benchmark::State& state) {
  test::PolicyHarness harness(rate::module);
  harness.shared("limits: {a: {by: [address], requests: 1, per: 24h}}");
  SALLYPORT_CHECK(harness.load("limits: [a]"));
  Arena arena;
  policy::ConnectionFacts connection;
  const auto ask = [&] {
    arena.reset();
    policy::Facts facts;
    policy::Exchange exchange(arena, connection, facts, 0);
    exchange.started = {1'000'000'000};
    exchange.facts.client_address = net::Address::from_v4(0x0a000001U);
    return harness.policy().on_request(exchange).index() == 0;
  };
  SALLYPORT_CHECK(ask());  // the one that there is
  measure(state, [&] { SALLYPORT_CHECK(!ask()); });
}
BENCHMARK(refuse)->Name("rate/refuse");

}  // namespace
}  // namespace sallyport::perf
