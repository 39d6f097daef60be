#include "gateway/load/machine_memory.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

namespace sallyport::load {
namespace {

std::uint64_t page_size() { return static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)); }

// read_numbers returns the first two numbers in a file of /proc or /sys; zero for what is none.
std::array<std::uint64_t, 2> read_numbers(const char* path) {
  std::array<std::uint64_t, 2> numbers{};
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path, "re"), std::fclose);
  if (!file) return numbers;
  unsigned long long first = 0;
  unsigned long long second = 0;
  if (std::fscanf(file.get(), "%llu %llu", &first, &second) >= 1) numbers = {first, second};
  return numbers;
}

}  // namespace

std::uint64_t resident_memory() { return read_numbers("/proc/self/statm")[1] * page_size(); }

std::uint64_t available_memory() {
  const std::uint64_t machine = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * page_size();
  std::uint64_t least = machine;
  // The control group that we are in looks like the root from inside a container; "max" is no
  // number.
  for (const char* path :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    const std::uint64_t limit = read_numbers(path)[0];
    if (limit != 0) least = std::min(least, limit);
  }
  return least;
}

}  // namespace sallyport::load
