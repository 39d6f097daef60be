#include "gateway/base/secret_pages.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

namespace sallyport {
namespace {

// flags_of returns the kernel's flags for the mapping that holds `memory`.
std::string flags_of(const void* memory) {
  const auto address = reinterpret_cast<std::uintptr_t>(memory);
  std::ifstream maps("/proc/self/smaps");
  bool is_inside = false;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0, end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2) {
      is_inside = begin <= address && address < end;
    }
    if (is_inside && line.starts_with("VmFlags:")) return line;
  }
  return "";
}

TEST(SecretPages, AreInNoCoreDumpAndNoChild) {
  constexpr std::size_t kSize = 100;
  auto* memory = static_cast<char*>(allocate_secret(kSize));
  std::memset(memory, 's', kSize);
  EXPECT_NE(flags_of(memory).find(" dd"), std::string::npos) << flags_of(memory);
  const pid_t child = fork();
  if (child == 0) _exit(memory[0] == 0 && memory[kSize - 1] == 0 ? 0 : 1);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(memory[0], 's');
  free_secret(memory, kSize);
  free_secret(nullptr, kSize);
}

}  // namespace
}  // namespace sallyport
