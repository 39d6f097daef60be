// Rows of what is looked up by address and by path.

#include <deque>
#include <random>
#include <string>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/net/address.h"
#include "gateway/policy/route.h"
#include "perf/micro/measure.h"
#include "perf/micro/samples.h"

namespace sallyport::perf {
namespace {

using benchmark::DoNotOptimize;

constexpr std::size_t kQuestions = 4096;

class Addresses {
 public:
  net::Address v4() { return net::Address::from_v4(static_cast<std::uint32_t>(random_())); }
  net::Address v6() {
    std::array<std::uint8_t, 16> bytes{0x20, 0x01};
    for (std::size_t i = 2; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(random_());
    return net::Address::from_v6(bytes);
  }
  net::Address of(net::Family family) { return family == net::Family::v4 ? v4() : v6(); }

 private:
  std::mt19937_64 random_{20250115};
};

// Half of the questions are for an address of a block, in any order.
void prefix_lookup(benchmark::State& state, net::Family family) {
  Addresses addresses;
  const int length = family == net::Family::v4 ? 24 : 48;
  net::PrefixSet::Builder builder;
  std::vector<net::Address> members;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    members.push_back(addresses.of(family));
    builder.add(net::Prefix::of(members.back(), length));
  }
  const net::PrefixSet set = std::move(builder).build();
  std::vector<net::Address> questions;
  for (std::size_t i = 0; i < kQuestions; ++i) {
    questions.push_back(i % 2 == 0 ? members[i * 7919 % members.size()] : addresses.of(family));
    SALLYPORT_CHECK(i % 2 != 0 || set.contains(questions.back()));
  }
  Cycle cycle(kQuestions);
  measure(state, [&] { DoNotOptimize(set.contains(questions[cycle.next()])); });
}
BENCHMARK_CAPTURE(prefix_lookup, v4, net::Family::v4)
    ->Name("net/prefix_lookup/v4")
    ->Arg(10)
    ->Arg(1000)
    ->Arg(100'000);
BENCHMARK_CAPTURE(prefix_lookup, v6, net::Family::v6)
    ->Name("net/prefix_lookup/v6")
    ->Arg(10)
    ->Arg(1000)
    ->Arg(100'000);

void route_lookup(benchmark::State& state) {
  std::deque<policy::Route> routes;
  policy::RouteTable table;
  std::vector<std::string> paths;
  const auto count = static_cast<std::size_t>(state.range(0));
  for (std::size_t i = 0; i < count; ++i) {
    policy::Route& route = routes.emplace_back();
    const std::string resource = "/fdx/v6/resource" + std::to_string(i);
    route.id = "route-" + std::to_string(i);
    route.hosts = {std::string(kHost)};
    route.paths = {resource + "/{id}/transactions"};
    route.methods = {"GET"};
    SALLYPORT_CHECK(table.add(route).has_value());
    paths.push_back(resource + "/3f1b9c2ed0a84f5c/transactions");
  }
  std::vector<std::string_view> questions;
  for (std::size_t i = 0; i < kQuestions; ++i) questions.push_back(paths[i * 7919 % count]);
  Cycle cycle(kQuestions);
  measure(state, [&] {
    const auto match = table.find(kHost, questions[cycle.next()], "GET");
    SALLYPORT_CHECK(match.index() == 0);
  });
}
BENCHMARK(route_lookup)->Name("policy/route_lookup")->Arg(1)->Arg(10)->Arg(100)->Arg(1000);

}  // namespace
}  // namespace sallyport::perf
