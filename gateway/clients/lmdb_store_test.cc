#include "gateway/clients/lmdb_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "tests/support/temp_dir.h"

namespace sallyport::clients {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::unique_ptr<LmdbStore> open(const std::string& folder,
                                std::size_t max_bytes = 16 * 1024 * 1024) {
  auto store = LmdbStore::open({folder, max_bytes});
  EXPECT_TRUE(store) << store.error().text;
  return store ? *std::move(store) : nullptr;
}

std::vector<std::string> keys_after(const LmdbStore& store, std::string_view after,
                                    std::size_t limit = 100) {
  std::vector<std::string> keys;
  EXPECT_TRUE(store.for_each(after, [&](std::string_view key, std::string_view) {
    keys.emplace_back(key);
    return keys.size() < limit;
  }));
  return keys;
}

TEST(LmdbStore, KeepsWhatWasPutAcrossReopening) {
  test::TempDir folder;
  {
    auto store = open(folder.file("store"));
    ASSERT_TRUE(store->put("key", "value"));
    ASSERT_TRUE(store->put("key", "newer"));
  }
  auto store = open(folder.file("store"));
  std::string found;
  ASSERT_TRUE(store->for_each("", [&](std::string_view key, std::string_view value) {
    found = std::string(key) + "=" + std::string(value);
    return true;
  }));
  EXPECT_EQ(found, "key=newer");
  EXPECT_EQ(*store->count(), 1u);
}

TEST(LmdbStore, FollowsNoLinkAndIsNoPlaceWhereOthersWrite) {
  test::TempDir folder;
  const std::string store = folder.file("store");
  std::filesystem::create_directory(store);
  std::filesystem::create_symlink(folder.file("victim"), store + "/data.mdb");
  const auto linked = LmdbStore::open({store, 1024 * 1024});
  ASSERT_FALSE(linked);
  EXPECT_THAT(linked.error().text, HasSubstr("data.mdb"));
  EXPECT_FALSE(std::filesystem::exists(folder.file("victim")));
  std::filesystem::remove(store + "/data.mdb");
  chmod(store.c_str(), 0777);
  const auto shared = LmdbStore::open({store, 1024 * 1024});
  ASSERT_FALSE(shared);
  EXPECT_THAT(shared.error().text, HasSubstr("chmod o-w"));
  chmod(store.c_str(), 0750);
  EXPECT_TRUE(LmdbStore::open({store, 1024 * 1024}));
}

TEST(LmdbStore, PutsAllOrNone) {
  test::TempDir folder;
  auto store = open(folder.file("store"));
  const std::vector<LmdbStore::Entry> good{{"a", "1"}, {"b", "2"}};
  ASSERT_TRUE(store->put_all(good));
  EXPECT_THAT(keys_after(*store, ""), ElementsAre("a", "b"));
  const std::vector<LmdbStore::Entry> bad{{"c", "3"}, {"", "4"}};
  EXPECT_FALSE(store->put_all(bad));
  EXPECT_THAT(keys_after(*store, ""), ElementsAre("a", "b"));
}

TEST(LmdbStore, GetsTheValueOfExactlyThatKey) {
  test::TempDir folder;
  auto store = open(folder.file("store"));
  ASSERT_TRUE(store->put("key", "value"));
  EXPECT_EQ(*store->get("key"), std::optional<std::string>("value"));
  EXPECT_EQ(*store->get("ke"), std::nullopt);
  EXPECT_EQ(*store->get("key2"), std::nullopt);
}

TEST(LmdbStore, KeepsWhatWasPutWhenTheProcessIsKilled) {
  test::TempDir folder;
  const pid_t child = ::fork();
  if (child == 0) {
    auto store = LmdbStore::open({folder.file("store"), 1024 * 1024});
    if (!store || !(*store)->put("key", "value")) ::_exit(1);
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_THAT(keys_after(*open(folder.file("store")), ""), ElementsAre("key"));
}

TEST(LmdbStore, VisitsInOrderFromAnyPlace) {
  test::TempDir folder;
  auto store = open(folder.file("store"));
  for (const char* key : {"c", "a", "e"}) ASSERT_TRUE(store->put(key, "x"));
  EXPECT_THAT(keys_after(*store, ""), ElementsAre("a", "c", "e"));
  EXPECT_THAT(keys_after(*store, "a"), ElementsAre("c", "e"));
  EXPECT_THAT(keys_after(*store, "b"), ElementsAre("c", "e"));
  EXPECT_THAT(keys_after(*store, "e"), ElementsAre());
  EXPECT_THAT(keys_after(*store, "", 2), ElementsAre("a", "c"));
}

TEST(LmdbStore, ErasesAndSaysWhetherAnythingWasThere) {
  test::TempDir folder;
  auto store = open(folder.file("store"));
  for (const char* key : {"a", "b", "c"}) ASSERT_TRUE(store->put(key, "x"));
  const std::vector<std::string> some{"a", "zz", "c"};
  const std::vector<std::string> none{"zz"};
  EXPECT_TRUE(*store->erase(some));
  EXPECT_FALSE(*store->erase(none));
  EXPECT_THAT(keys_after(*store, ""), ElementsAre("b"));
}

TEST(LmdbStore, ErasesNothingWhenOneKeyIsImpossible) {
  test::TempDir folder;
  auto store = open(folder.file("store"));
  ASSERT_TRUE(store->put("a", "x"));
  const std::vector<std::string> keys{"a", std::string(512, 'k')};
  EXPECT_FALSE(store->erase(keys));
  EXPECT_THAT(keys_after(*store, ""), ElementsAre("a"));
}

TEST(LmdbStore, RefusesImpossibleKeys) {
  test::TempDir folder;
  auto store = open(folder.file("store"));
  EXPECT_FALSE(store->put("", "x"));
  EXPECT_FALSE(store->put(std::string(LmdbStore::kMaxKey + 1, 'k'), "x"));
  EXPECT_TRUE(store->put(std::string(LmdbStore::kMaxKey, 'k'), "x"));
}

TEST(LmdbStore, HasOneOwner) {
  test::TempDir folder;
  auto store = open(folder.file("store"));
  const auto second = LmdbStore::open({folder.file("store")});
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().text, HasSubstr("open in another process"));
  store.reset();
  EXPECT_TRUE(LmdbStore::open({folder.file("store")}));
}

TEST(LmdbStore, SaysThatItIsFullAndKeepsWhatItHas) {
  test::TempDir folder;
  auto store = open(folder.file("store"), 256 * 1024);
  const std::string value(4000, 'v');
  Result<void> put;
  int stored = 0;
  while ((put = store->put("key" + std::to_string(stored), value)) && stored < 1000) ++stored;
  ASSERT_FALSE(put);
  EXPECT_THAT(put.error().text, HasSubstr("is full at 262144 bytes"));
  EXPECT_EQ(*store->count(), static_cast<std::size_t>(stored));
  EXPECT_GT(stored, 10);
}

TEST(LmdbStore, RefusesADamagedFile) {
  test::TempDir folder;
  std::filesystem::create_directory(folder.file("store"));
  std::ofstream(folder.file("store/data.mdb")) << std::string(8192, 'x');
  const auto store = LmdbStore::open({folder.file("store")});
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error().text, HasSubstr("damaged"));
}

TEST(LmdbStore, RefusesAFolderThatCannotBe) {
  test::TempDir folder;
  const auto store = LmdbStore::open({folder.file("no/such/place")});
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error().text, HasSubstr("cannot make the folder"));
}

TEST(LmdbStore, IsForItsOwnerOnly) {
  test::TempDir folder;
  auto store = open(folder.file("store"));
  for (const char* name : {"store", "store/data.mdb", "store/owner.lock"}) {
    struct stat info {};
    ASSERT_EQ(::stat(folder.file(name).c_str(), &info), 0) << name;
    EXPECT_EQ(info.st_mode & 077u, 0u) << name;
  }
}

}  // namespace
}  // namespace sallyport::clients
