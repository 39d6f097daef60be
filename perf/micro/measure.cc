#include "perf/micro/measure.h"

#include <time.h>

#include <cstddef>

namespace {

constinit thread_local std::uint64_t calls = 0;

}  // namespace

// The program's own malloc goes before that of the C library, for every shared library too; the
// memory is still the C library's, so that its free and all else go on to work.
extern "C" {

void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);

void* malloc(std::size_t size) noexcept {
  ++calls;
  return __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) noexcept {
  ++calls;
  return __libc_calloc(count, size);
}

void* realloc(void* memory, std::size_t size) noexcept {
  ++calls;
  return __libc_realloc(memory, size);
}

}  // extern "C"

namespace sallyport::perf {

std::uint64_t allocations() { return calls; }

std::int64_t thread_cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace sallyport::perf
