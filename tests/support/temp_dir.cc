#include "tests/support/temp_dir.h"

#include <stdlib.h>

#include <fstream>
#include <system_error>

#include "gateway/base/check.h"

namespace sallyport::test {

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "sallyport-XXXXXX").string();
  SALLYPORT_CHECK(::mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::write(std::string_view name, std::string_view content) const {
  const std::string path = file(name);
  const std::string draft = path + ".draft";
  {
    std::ofstream out(draft, std::ios::binary | std::ios::trunc);
    out << content;
    SALLYPORT_CHECK(out.good());
  }
  std::filesystem::rename(draft, path);
  return path;
}

}  // namespace sallyport::test
