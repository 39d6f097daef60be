#include "gateway/tls/ticket_keys.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

namespace sallyport::tls {
namespace {

// is_dumped says whether a core dump would contain the memory (proc(5), VmFlags dd: do not dump).
bool is_dumped(const void* memory) {
  const auto address = reinterpret_cast<std::uintptr_t>(memory);
  std::ifstream maps("/proc/self/smaps");
  bool is_inside = false;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0, end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2) {
      is_inside = begin <= address && address < end;
    }
    if (is_inside && line.starts_with("VmFlags:")) return line.find(" dd") == std::string::npos;
  }
  return true;
}

TEST(TicketKeys, AreInNoCoreDump) {
  const auto first = TicketKeys::make();
  const auto second = first->rotated();
  EXPECT_FALSE(is_dumped(first.get()));
  EXPECT_FALSE(is_dumped(second.get()));
  bool is_current = true;
  EXPECT_NE(second->find(first->current().name.data(), is_current), nullptr);
  EXPECT_FALSE(is_current);
}

}  // namespace
}  // namespace sallyport::tls
