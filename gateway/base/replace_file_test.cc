#include "gateway/base/replace_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace sallyport {
namespace {

namespace fs = std::filesystem;

class ReplaceFile : public ::testing::Test {
 protected:
  ReplaceFile() {
    std::string name = (fs::temp_directory_path() / "sallyport-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~ReplaceFile() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string content(const std::string& name) const {
    std::ifstream file(path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  fs::path folder_;
};

TEST_F(ReplaceFile, WritesAndReplaces) {
  ASSERT_TRUE(replace_file(path("a"), "one"));
  EXPECT_EQ(content("a"), "one");
  ASSERT_TRUE(replace_file(path("a"), ""));
  EXPECT_EQ(content("a"), "");
  EXPECT_EQ(files(), 1U);
}

TEST_F(ReplaceFile, ALinkInItsPlaceIsReplacedAndNotFollowed) {
  ASSERT_TRUE(replace_file(path("victim"), "precious"));
  fs::create_symlink("victim", path("a"));
  fs::create_symlink("victim", path(".a.new"));  // the name that was foreseeable
  ASSERT_TRUE(replace_file(path("a"), "new"));
  EXPECT_EQ(content("victim"), "precious");
  EXPECT_FALSE(fs::is_symlink(path("a")));
  EXPECT_EQ(content("a"), "new");
}

TEST_F(ReplaceFile, SaysWhatCannotBeWrittenAndLeavesNothing) {
  const auto missing = replace_file(path("none/a"), "x");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().text,
            path("none/a") + ": cannot be written: No such file or directory");
  fs::create_directory(path("taken"));
  EXPECT_FALSE(replace_file(path("taken"), "x"));
  EXPECT_EQ(files(), 1U);
}

}  // namespace
}  // namespace sallyport
