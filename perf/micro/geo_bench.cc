// Rows of the geo module: one address looked up in a database, and the whole verdict.

#include <random>
#include <string>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/policy/facts.h"
#include "modules/geo/database.h"
#include "modules/geo/geo.h"
#include "perf/micro/measure.h"
#include "tests/support/mmdb_writer.h"
#include "tests/support/policy_harness.h"
#include "tests/support/temp_dir.h"

namespace sallyport::perf {
namespace {

using benchmark::DoNotOptimize;

constexpr std::size_t kQuestions = 4096;
constexpr std::uint32_t kBlocks = 100'000;

std::uint32_t block_of(std::uint32_t i) { return i * 40'503U << 8; }

// Blocks of /24 and /48 all over the space, of twenty countries.
const std::string& country_file() {
  static const std::string bytes = [] {
    test::MmdbWriter writer("Test-Country");
    writer.built(wall_now().unix_seconds());
    for (std::uint32_t i = 0; i < kBlocks; ++i) {
      const std::string country{'A', static_cast<char>('A' + i % 20)};
      writer.place(net::Prefix::of(net::Address::from_v4(block_of(i)), 24).text(), country, "EU");
      std::array<std::uint8_t, 16> v6{0x20, 0x01};
      for (std::size_t at = 0; at < 4; ++at) {
        v6[2 + at] = static_cast<std::uint8_t>(block_of(i) >> (24 - 8 * at));
      }
      writer.place(net::Prefix::of(net::Address::from_v6(v6), 48).text(), country, "EU");
    }
    return writer.bytes();
  }();
  return bytes;
}

// Half of the questions are for an address of a block.
std::vector<net::Address> questions(net::Family family) {
  std::mt19937 random(20250115);
  std::vector<net::Address> all;
  for (std::size_t i = 0; i < kQuestions; ++i) {
    const auto number = static_cast<std::uint32_t>(random());
    const std::uint32_t block = i % 2 == 0 ? block_of(number % kBlocks) : number;
    std::array<std::uint8_t, 16> v6{0x20, 0x01};
    for (std::size_t at = 0; at < 4; ++at) {
      v6[2 + at] = static_cast<std::uint8_t>(block >> (24 - 8 * at));
    }
    all.push_back(family == net::Family::v4 ? net::Address::from_v4(block)
                                            : net::Address::from_v6(v6));
  }
  return all;
}

void geo_lookup(benchmark::State& state, net::Family family) {
  const auto database = geo::Database::open(country_file(), geo::DatabaseKind::country);
  SALLYPORT_CHECK(database.has_value());
  const auto addresses = questions(family);
  Cycle cycle(kQuestions);
  measure(state, [&] {
    policy::Location location;
    SALLYPORT_CHECK((*database)->look_up(addresses[cycle.next()], location));
    DoNotOptimize(location);
  });
}
BENCHMARK_CAPTURE(geo_lookup, v4, net::Family::v4)->Name("geo/lookup/v4");
BENCHMARK_CAPTURE(geo_lookup, v6, net::Family::v6)->Name("geo/lookup/v6");

// geo_open is what control spends on a new file: all checks, and the copy.
void geo_open(benchmark::State& state) {
  const std::string& bytes = country_file();
  for (auto _ : state) {
    SALLYPORT_CHECK(geo::Database::open(bytes, geo::DatabaseKind::country).has_value());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(geo_open)->Name("geo/open")->Unit(benchmark::kMillisecond);

void geo_verdict(benchmark::State& state) {
  test::TempDir folder;
  folder.write("country.mmdb", country_file());
  test::PolicyHarness harness(geo::module);
  harness.folder(folder.path()).shared("databases: {country: country.mmdb}");
  SALLYPORT_CHECK(harness.load("deny: {continents: [AS]}\ntag: {here: {countries: [AT]}}"));
  Arena arena;
  const policy::ConnectionFacts connection;
  policy::Facts facts;
  policy::Exchange exchange(arena, connection, facts, 0);
  const auto addresses = questions(net::Family::v4);
  Cycle cycle(kQuestions);
  measure(state, [&] {
    arena.reset();
    exchange.facts.client_address = addresses[cycle.next()];
    const policy::Verdict verdict = harness.policy().on_request(exchange);
    SALLYPORT_CHECK(std::holds_alternative<policy::Allow>(verdict));
  });
}
BENCHMARK(geo_verdict)->Name("geo/verdict");

}  // namespace
}  // namespace sallyport::perf
