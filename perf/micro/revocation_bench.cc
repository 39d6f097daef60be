// Rows of what is asked of the revocations for each request, all six units at once.

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/check.h"
#include "modules/revocation/revocation_set.h"
#include "perf/micro/measure.h"

namespace sallyport::perf {
namespace {

using revocation::kAlways;
using revocation::kUnits;
using revocation::Name;
using revocation::RevocationSet;
using revocation::Unit;

constexpr std::string_view kIssuer = "https://login.bank.example";
constexpr std::int64_t kNow = 1'800'000'000;
constexpr std::size_t kQuestions = 4096;

// value_of makes values as long as those of real tokens: a UUID, a fingerprint.
std::string value_of(Unit unit, std::uint64_t number) {
  char text[65];
  std::snprintf(text, sizeof text, "%08llx-9c2e-4d0a-84f5-%012llx",
                static_cast<unsigned long long>(number * 0x9e3779b97f4a7c15 >> 32),
                static_cast<unsigned long long>(number));
  if (unit != Unit::certificate) return text;
  return std::string(28, 'a') + text;
}

// filled returns a set with that many entries of all units, half of them for one issuer; made once.
const RevocationSet& filled(std::int64_t entries) {
  static std::map<std::int64_t, std::unique_ptr<RevocationSet>> sets;
  auto& set = sets[entries];
  if (set != nullptr) return *set;
  sets.clear();
  auto& made = sets[entries] = std::make_unique<RevocationSet>();
  for (std::int64_t i = 0; i < entries; ++i) {
    const auto number = static_cast<std::uint64_t>(i);
    const Unit unit = kUnits[number % kUnits.size()];
    made->put(unit, number / kUnits.size() % 2 == 0 ? "" : kIssuer, value_of(unit, number),
              {kAlways, kAlways});
    made->take_retired();
  }
  SALLYPORT_CHECK(made->size() == static_cast<std::size_t>(entries));
  return *made;
}

struct Request {
  std::array<std::string, kUnits.size()> values;
  std::array<Name, kUnits.size()> names;
};

// requests show names that are not listed; of those that are revoked, one of six is.
std::vector<std::unique_ptr<Request>> requests(std::int64_t entries, bool is_revoked) {
  std::vector<std::unique_ptr<Request>> made;
  for (std::size_t i = 0; i < kQuestions; ++i) {
    auto request = std::make_unique<Request>();
    const std::uint64_t listed = i * 7919 % static_cast<std::uint64_t>(entries);
    for (std::size_t u = 0; u < kUnits.size(); ++u) {
      const bool is_this = is_revoked && listed % kUnits.size() == u;
      request->values[u] =
          value_of(kUnits[u], is_this ? listed : (std::uint64_t{1} << 40) + i * 6 + u);
      request->names[u] = {kUnits[u], request->values[u]};
    }
    made.push_back(std::move(request));
  }
  return made;
}

void revocation_lookup(benchmark::State& state, bool is_revoked) {
  const RevocationSet& set = filled(state.range(0));
  const auto asked = requests(state.range(0), is_revoked);
  Cycle cycle(kQuestions);
  measure(state, [&] {
    const auto found = set.find(kIssuer, asked[cycle.next()]->names, kNow, kNow);
    SALLYPORT_CHECK(found.has_value() == is_revoked);
  });
  state.counters["bytes_per_entry"] =
      static_cast<double>(set.bytes()) / static_cast<double>(set.size());
}
BENCHMARK_CAPTURE(revocation_lookup, good, false)
    ->Name("revocation/lookup/good")
    ->Arg(10'000)
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->Arg(5'000'000);
BENCHMARK_CAPTURE(revocation_lookup, revoked, true)
    ->Name("revocation/lookup/revoked")
    ->Arg(10'000)
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->Arg(5'000'000);

// The longest time that one put keeps the control thread, growing included.
void revocation_put(benchmark::State& state) {
  std::int64_t longest = 0;
  for (auto _ : state) {
    RevocationSet set;
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      const auto number = static_cast<std::uint64_t>(i);
      const Unit unit = kUnits[number % kUnits.size()];
      const std::string value = value_of(unit, number);
      const std::int64_t before = thread_cpu_ns();
      set.put(unit, kIssuer, value, {kAlways, kAlways});
      longest = std::max(longest, thread_cpu_ns() - before);
      set.take_retired();
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["longest_us"] = static_cast<double>(longest) / 1000;
}
BENCHMARK(revocation_put)
    ->Name("revocation/put")
    ->Arg(10'000)
    ->Arg(1'000'000)
    ->Arg(5'000'000)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sallyport::perf
