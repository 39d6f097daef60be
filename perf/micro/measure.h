#pragma once

// How a row is measured: the loop of Google Benchmark, with the number of heap allocations for one
// iteration beside the time, whoever makes them (C++, BoringSSL).

#include <benchmark/benchmark.h>

#include <cstdint>

namespace sallyport::perf {

// allocations is how often this thread has called malloc, calloc or realloc.
std::uint64_t allocations();

// thread_cpu_ns is the CPU time of this thread: other programs on the machine do not count.
std::int64_t thread_cpu_ns();

// measure runs `body` until the time is up and adds the counter "allocs".
template <class Body>
void measure(benchmark::State& state, Body body) {
  const std::uint64_t before = allocations();
  for (auto _ : state) body();
  state.counters["allocs"] = benchmark::Counter(static_cast<double>(allocations() - before),
                                                benchmark::Counter::kAvgIterations);
}

// Cycle walks over the indexes of a row of samples, a power of two of them, so that the processor
// cannot learn one by heart.
class Cycle {
 public:
  explicit Cycle(std::size_t size) : mask_(size - 1) {}
  std::size_t next() { return at_++ & mask_; }

 private:
  const std::size_t mask_;
  std::size_t at_ = 0;
};

}  // namespace sallyport::perf
