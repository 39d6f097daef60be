// Rows of the http room: heads in, heads out.

#include <string>

#include "gateway/base/check.h"
#include "gateway/http/h1_request.h"
#include "gateway/http/h1_response.h"
#include "gateway/http/head_scan.h"
#include "gateway/http/serialise.h"
#include "gateway/http/target.h"
#include "perf/micro/measure.h"
#include "perf/micro/samples.h"

namespace sallyport::perf {
namespace {

using benchmark::DoNotOptimize;

constexpr http::HeadLimits kLimits;
constexpr std::int64_t kShortHead = kShortRequestHead.size();
constexpr std::int64_t kLongHead = 1200;

std::string head_of(std::int64_t bytes) {
  return bytes == kShortHead ? std::string(kShortRequestHead)
                             : request_head_of(static_cast<std::size_t>(bytes));
}

void head_scan(benchmark::State& state) {
  const std::string head = head_of(state.range(0));
  measure(state, [&] {
    http::HeadScan scan;
    const auto progress = http::find_head_end(head, http::StartLine::request, kLimits, scan);
    SALLYPORT_CHECK(progress.length == head.size());
  });
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(head.size()));
}
BENCHMARK(head_scan)->Name("http/head_scan")->Arg(kShortHead)->Arg(kLongHead);

void request_parse(benchmark::State& state) {
  const std::string head = head_of(state.range(0));
  Arena arena;
  measure(state, [&] {
    arena.reset();
    auto parsed = http::parse_request_head(head, kLimits, arena);
    SALLYPORT_CHECK(std::holds_alternative<http::RequestHead>(parsed));
    DoNotOptimize(parsed);
  });
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(head.size()));
}
BENCHMARK(request_parse)->Name("http/request_parse")->Arg(kShortHead)->Arg(kLongHead);

void response_parse(benchmark::State& state) {
  measure(state, [&] {
    auto parsed = http::parse_response_head(kResponseHead, http::Method::get, kLimits);
    SALLYPORT_CHECK(std::holds_alternative<http::ResponseHead>(parsed));
    DoNotOptimize(parsed);
  });
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kResponseHead.size()));
}
BENCHMARK(response_parse)->Name("http/response_parse");

void canonicalise(benchmark::State& state, std::string_view target) {
  Arena arena;
  measure(state, [&] {
    arena.reset();
    auto result = http::canonicalise(target, http::Method::get, arena);
    SALLYPORT_CHECK(std::holds_alternative<http::RequestTarget>(result));
    DoNotOptimize(result);
  });
}
BENCHMARK_CAPTURE(canonicalise, clean,
                  "/fdx/v6/accounts/3f1b9c2ed0a84f5c/transactions"
                  "?startTime=2025-01-01T00:00:00Z&limit=100")
    ->Name("http/canonicalise/clean");
BENCHMARK_CAPTURE(canonicalise, escapes,
                  "/fdx/v6/accounts/%33f1b%39c2e%2dd0a%c3%a984f5c/tr%61nsactions"
                  "?startTime=2025-01-01T00%3a00%3a00Z&limit=100")
    ->Name("http/canonicalise/escapes");

void request_serialise(benchmark::State& state) {
  const std::string text = head_of(kLongHead);
  Arena arena;
  const auto parsed = http::parse_request_head(text, kLimits, arena);
  const auto& head = std::get<http::RequestHead>(parsed);
  std::string out;
  measure(state, [&] {
    out.clear();
    SALLYPORT_CHECK(http::append_request_head(head, http::Persistence::keep, out));
    DoNotOptimize(out.data());
  });
}
BENCHMARK(request_serialise)->Name("http/request_serialise/1200");

void response_serialise(benchmark::State& state) {
  const auto parsed = http::parse_response_head(kResponseHead, http::Method::get, kLimits);
  const auto& head = std::get<http::ResponseHead>(parsed);
  std::string out;
  measure(state, [&] {
    out.clear();
    SALLYPORT_CHECK(http::append_response_head(head, http::Persistence::keep, out));
    DoNotOptimize(out.data());
  });
}
BENCHMARK(response_serialise)->Name("http/response_serialise");

}  // namespace
}  // namespace sallyport::perf
