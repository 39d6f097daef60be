#include "gateway/base/file.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace sallyport {
namespace {

namespace fs = std::filesystem;

class WriteFile : public ::testing::Test {
 protected:
  WriteFile() {
    std::string name = (fs::temp_directory_path() / "sallyport-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~WriteFile() override { fs::remove_all(folder_); }

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

// in_child runs `work` in a process of its own, whose limits and rights it may change, and returns
// what it returned.
template <class Work>
int in_child(Work work) {
  const pid_t child = fork();
  if (child == 0) _exit(work());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
constexpr int kSkip = 77;

TEST_F(WriteFile, WritesAndReplaces) {
  ASSERT_TRUE(write_file(path("a"), "one"));
  EXPECT_EQ(content("a"), "one");
  ASSERT_TRUE(write_file(path("a"), ""));
  EXPECT_EQ(content("a"), "");
  EXPECT_EQ(files(), 1U);
}

TEST_F(WriteFile, ALinkInItsPlaceIsReplacedAndNotFollowed) {
  ASSERT_TRUE(write_file(path("victim"), "precious"));
  fs::create_symlink("victim", path("a"));
  fs::create_symlink("victim", path(".a.new"));  // the name that was foreseeable
  ASSERT_TRUE(write_file(path("a"), "new"));
  EXPECT_EQ(content("victim"), "precious");
  EXPECT_FALSE(fs::is_symlink(path("a")));
  EXPECT_EQ(content("a"), "new");
}

TEST_F(WriteFile, SaysWhatCannotBeWrittenAndLeavesNothing) {
  const auto missing = write_file(path("none/a"), "x");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().text,
            path("none/a") + ": cannot be written: No such file or directory");
  fs::create_directory(path("taken"));
  EXPECT_FALSE(write_file(path("taken"), "x"));
  EXPECT_EQ(files(), 1U);
}

TEST_F(WriteFile, GivesTheModeThatWasAskedFor) {
  const mode_t mask = umask(0);
  ASSERT_TRUE(write_file(path("secret"), "x", 0600));
  ASSERT_TRUE(write_file(path("public"), "x"));
  umask(mask);
  EXPECT_EQ(fs::status(path("secret")).permissions(), fs::perms(0600));
  EXPECT_EQ(fs::status(path("public")).permissions(), fs::perms(0644));
}

TEST_F(WriteFile, LeavesTheOldWholeWhenTheFileMayNotGrow) {
  ASSERT_TRUE(write_file(path("a"), "precious"));
  const int result = in_child([this] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit most{4096, 4096};
    setrlimit(RLIMIT_FSIZE, &most);
    const auto written = write_file(path("a"), std::string(100'000, 'x'));
    return !written && written.error().text == path("a") + ": cannot be written: File too large"
               ? 0
               : 1;
  });
  EXPECT_EQ(result, 0);
  EXPECT_EQ(content("a"), "precious");
  EXPECT_EQ(files(), 1U);
}

TEST_F(WriteFile, LeavesTheOldWholeWhenTheDiskIsFull) {
  const int result = in_child([this] {
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) ||
        mount("none", folder_.c_str(), "tmpfs", 0, "size=64k") != 0) {
      return kSkip;
    }
    if (!write_file(path("a"), "precious")) return 1;
    const auto written = write_file(path("a"), std::string(200'000, 'x'));
    if (written) return 2;
    if (written.error().text != path("a") + ": cannot be written: No space left on device")
      return 3;
    if (content("a") != "precious") return 4;
    return files() == 1 ? 0 : 5;
  });
  if (result == kSkip) GTEST_SKIP() << "no right to mount a file system";
  EXPECT_EQ(result, 0);
}

TEST_F(WriteFile, SaysThatTheFolderMayNotBeWritten) {
  ASSERT_TRUE(write_file(path("a"), "precious"));
  fs::permissions(folder_, fs::perms(0555));
  const int result = in_child([this] {
    constexpr uid_t kNobody = 65534;
    if (geteuid() == 0 && seteuid(kNobody) != 0) return kSkip;
    const auto written = write_file(path("a"), "x");
    return !written && written.error().text == path("a") + ": cannot be written: Permission denied"
               ? 0
               : 1;
  });
  fs::permissions(folder_, fs::perms(0755));
  EXPECT_EQ(result, 0);
  EXPECT_EQ(content("a"), "precious");
  EXPECT_EQ(files(), 1U);
}

class ReadFile : public WriteFile {};

TEST_F(ReadFile, ReadsWholeFilesUpToTheLimit) {
  for (const std::size_t size : {0UL, 1UL, 255UL, 256UL, 257UL, 5000UL}) {
    const std::string text(size, 'x');
    ASSERT_TRUE(write_file(path("a"), text));
    const auto read = read_file(path("a"), 5000);
    ASSERT_TRUE(read) << size;
    EXPECT_EQ(read->bytes, text);
    EXPECT_FALSE(read->changed_meanwhile);
    EXPECT_TRUE(read->others_can_read);
    EXPECT_EQ(read->stamp, stamp_of(path("a")));
  }
  EXPECT_EQ(read_file(path("a"), 4999).error().text, "it is larger than 4999 bytes");
}

TEST_F(ReadFile, ReadsFilesThatDoNotSayHowLongTheyAre) {
  const auto read = read_file("/proc/self/maps", 1 << 20);  // its size is said to be zero
  ASSERT_TRUE(read);
  EXPECT_GT(read->bytes.size(), 1000U);
  EXPECT_EQ(read_file("/proc/self/maps", 1000).error().text, "it is larger than 1000 bytes");
}

TEST_F(ReadFile, ReadsNothingButRegularFiles) {
  EXPECT_EQ(read_file(path("none"), 10).error().text, "No such file or directory");
  EXPECT_EQ(read_file(path(""), 10).error().text, "it is not a regular file");
  EXPECT_EQ(read_file("/dev/zero", 10).error().text, "it is not a regular file");
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(read_file(path("pipe"), 10).error().text, "it is not a regular file");
}

TEST_F(ReadFile, FollowsALinkUnlessItIsRefused) {
  ASSERT_TRUE(write_file(path("a"), "one"));
  fs::create_symlink("a", path("link"));
  EXPECT_EQ(read_file(path("link"), 10)->bytes, "one");
  EXPECT_FALSE(read_file(path("link"), 10, Links::refused));
}

TEST_F(ReadFile, TheStampTellsAChange) {
  ASSERT_TRUE(write_file(path("a"), "one"));
  const auto before = stamp_of(path("a"));
  EXPECT_EQ(stamp_of(path("a")), before);
  ASSERT_TRUE(write_file(path("a"), "two"));
  EXPECT_NE(stamp_of(path("a")), before);
  EXPECT_EQ(stamp_of(path("none")), std::nullopt);
}

}  // namespace
}  // namespace sallyport
