// Runs a fuzz target over every file of the folders given, in the builds that have no libFuzzer.
// So each seed, and each input that once failed, is checked by every test run.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

// The regular files below `folder`, in a fixed order. Empty when it is missing or unreadable.
std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->is_regular_file(error)) files.push_back(entry->path());
  }
  if (error) files.clear();
  std::sort(files.begin(), files.end());
  return files;
}

bool replay(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(stream), {}};
  if (!stream.is_open() || stream.bad()) {
    std::fprintf(stderr, "%s: cannot be read\n", file.c_str());
    return false;
  }
  // Said beforehand: should the target abort, the last line names the input.
  std::printf("%s\n", file.c_str());
  std::fflush(stdout);
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s FOLDER...\n", argv[0]);
    return 2;
  }
  bool good = true;
  for (int i = 1; i < argc; ++i) {
    const std::vector<fs::path> files = files_below(argv[i]);
    // A missing corpus must not look like a passing one.
    if (files.empty()) {
      std::fprintf(stderr, "%s: no files to replay\n", argv[i]);
      good = false;
    }
    for (const fs::path& file : files) good = replay(file) && good;
  }
  return good ? 0 : 1;
}
