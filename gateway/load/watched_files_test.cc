#include "gateway/load/watched_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

namespace sallyport::load {
namespace {

void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

TEST(WatchedFiles, SeesWhatChangedSinceItWasNoted) {
  const test::TempDir folder;
  const std::string file = folder.path() + "/server.pem";
  write(file, "one");
  WatchedFiles files;
  files.add(file);
  EXPECT_EQ(files.present(), files.noted());
  write(file, "two");
  EXPECT_NE(files.present(), files.noted());
  write(file, "one");
  EXPECT_EQ(files.present(), files.noted()) << "the same content is no change";
  std::filesystem::remove(file);
  EXPECT_NE(files.present(), files.noted());
}

TEST(WatchedFiles, SeesASwapThereAndBack) {
  const test::TempDir folder;
  const std::string file = folder.path() + "/store.pem";
  write(file, "one");
  WatchedFiles files;
  files.add(file);
  EXPECT_TRUE(files.is_as_noted());
  write(file + ".new", "one");
  std::filesystem::rename(file + ".new", file);
  EXPECT_EQ(files.present(), files.noted());
  EXPECT_FALSE(files.is_as_noted());
}

TEST(WatchedFiles, SeesAFileComeAndGoInAFolder) {
  const test::TempDir folder;
  WatchedFiles files;
  files.add(folder.path());
  const std::string entry = folder.path() + "/new.pem";
  write(entry, "certificate");
  EXPECT_NE(files.present(), files.noted());
  std::filesystem::remove(entry);
  EXPECT_EQ(files.present(), files.noted());
}

TEST(WatchedFiles, SeesAFileThatIsNotThereYet) {
  const test::TempDir folder;
  WatchedFiles files;
  files.add(folder.path() + "/late.crl");
  write(folder.path() + "/late.crl", "list");
  EXPECT_NE(files.present(), files.noted());
}

}  // namespace
}  // namespace sallyport::load
