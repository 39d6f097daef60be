#pragma once

// TempDir is a folder of its own for one test; it goes with the object.

#include <filesystem>
#include <string>
#include <string_view>

namespace sallyport::test {

class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  std::string path() const { return path_.string(); }
  std::string file(std::string_view name) const { return (path_ / name).string(); }
  // write makes or replaces the file `name` in one step and returns its path.
  std::string write(std::string_view name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

}  // namespace sallyport::test
