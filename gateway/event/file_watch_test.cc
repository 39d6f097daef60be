#include "gateway/event/file_watch.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace sallyport::event {
namespace {

namespace fs = std::filesystem;

class FileWatching : public testing::Test {
 protected:
  FileWatching() {
    char name[] = "/tmp/file_watch_XXXXXX";
    folder = mkdtemp(name);
    watch = std::make_unique<FileWatch>(loop, Milliseconds(20), [this] { ++changes; });
  }
  ~FileWatching() override { fs::remove_all(folder); }

  static void write(const fs::path& file, const std::string& text = "x") {
    std::ofstream(file) << text;
  }
  // changed waits for the watch to speak, and says whether it did.
  bool changed() {
    const int before = std::exchange(changes, 0);
    for (int i = 0; i < 60 && changes == 0; ++i) {
      loop.run_once();
      std::this_thread::sleep_for(Milliseconds(5));
    }
    return before > 0 || std::exchange(changes, 0) > 0;
  }

  Loop loop;
  fs::path folder;
  std::unique_ptr<FileWatch> watch;
  int changes = 0;
};

TEST_F(FileWatching, SeesAFileWrittenInPlace) {
  write(folder / "a.pem");
  watch->set({folder / "a.pem"});
  EXPECT_FALSE(changed());
  write(folder / "a.pem", "y");
  EXPECT_TRUE(changed());
  EXPECT_FALSE(changed());
}

TEST_F(FileWatching, IgnoresItsNeighbours) {
  write(folder / "a.pem");
  watch->set({folder / "a.pem"});
  write(folder / "b.pem");
  EXPECT_FALSE(changed());
}

TEST_F(FileWatching, SeesAFileRenamedOver) {
  write(folder / "a.pem");
  watch->set({folder / "a.pem"});
  for (int i = 0; i < 3; ++i) {
    write(folder / "new");
    fs::rename(folder / "new", folder / "a.pem");
    EXPECT_TRUE(changed()) << i;
  }
}

TEST_F(FileWatching, SeesAFileComeAndGo) {
  watch->set({folder / "later.pem"});
  write(folder / "later.pem");
  EXPECT_TRUE(changed());
  fs::remove(folder / "later.pem");
  EXPECT_TRUE(changed());
}

TEST_F(FileWatching, SeesASymlinkPointedElsewhere) {
  // As Kubernetes mounts secrets: a.pem -> ..data/a.pem, ..data -> ..1.
  fs::create_directories(folder / "..1");
  fs::create_directories(folder / "..2");
  write(folder / "..1" / "a.pem");
  write(folder / "..2" / "a.pem");
  fs::create_symlink("..1", folder / "..data");
  fs::create_symlink("..data/a.pem", folder / "a.pem");
  watch->set({folder / "a.pem"});
  fs::create_symlink("..2", folder / "..new");
  fs::rename(folder / "..new", folder / "..data");
  EXPECT_TRUE(changed());
  write(folder / "..1" / "a.pem", "old");
  EXPECT_FALSE(changed()) << "it is not on the way any more";
  write(folder / "..2" / "a.pem", "new");
  EXPECT_TRUE(changed());
}

TEST_F(FileWatching, SeesAFolderReplacedAboveIt) {
  fs::create_directories(folder / "tls" / "deep");
  write(folder / "tls" / "deep" / "a.pem");
  watch->set({folder / "tls" / "deep" / "a.pem"});
  fs::create_directories(folder / "new" / "deep");
  write(folder / "new" / "deep" / "a.pem");
  fs::rename(folder / "tls", folder / "old");
  fs::rename(folder / "new", folder / "tls");
  EXPECT_TRUE(changed());
  write(folder / "tls" / "deep" / "a.pem", "y");
  EXPECT_TRUE(changed()) << "the new folder is watched";
}

TEST_F(FileWatching, SeesWhateverHappensInAFolder) {
  fs::create_directories(folder / "crls");
  watch->set({folder / "crls"});
  write(folder / "crls" / "one.crl");
  EXPECT_TRUE(changed());
  fs::remove(folder / "crls" / "one.crl");
  EXPECT_TRUE(changed());
}

TEST_F(FileWatching, ManyChangesAreFewCalls) {
  write(folder / "a.pem");
  watch->set({folder / "a.pem"});
  const MonoTime start = mono_now();
  for (int i = 0; i < 50; ++i) {
    write(folder / "a.pem", std::to_string(i));
    loop.run_once();
  }
  const MonoTime end = mono_now() + Milliseconds(200);
  while (mono_now() < end) loop.run_once();
  EXPECT_GE(changes, 1);
  // One for every ten quiet times that it took, and the last.
  EXPECT_LE(changes, 2 + (mono_now().us - start.us) / 200'000);
}

TEST_F(FileWatching, SpeaksThoughTheChangesDoNotEnd) {
  write(folder / "a.pem");
  watch->set({folder / "a.pem"});
  const MonoTime end = mono_now() + Milliseconds(500);
  while (mono_now() < end) {
    write(folder / "a.pem");
    loop.run_once();
    std::this_thread::sleep_for(Milliseconds(2));
  }
  EXPECT_GE(changes, 1);
}

TEST_F(FileWatching, SurvivesALoopOfSymlinks) {
  fs::create_symlink("b", folder / "a");
  fs::create_symlink("a", folder / "b");
  watch->set({folder / "a"});
  EXPECT_FALSE(changed());
  EXPECT_FALSE(watch->is_blind());
}

}  // namespace
}  // namespace sallyport::event
