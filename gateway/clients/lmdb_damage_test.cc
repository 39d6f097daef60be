// What becomes of a store whose file was damaged: an error that names it, or every entry as it was.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lmdb.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "gateway/clients/lmdb_store.h"
#include "tests/support/temp_dir.h"

namespace sallyport::clients {
namespace {

using testing::HasSubstr;

constexpr std::size_t kMost = 16 * 1024 * 1024;
using Content = std::map<std::string, std::string>;

class DamagedStore : public testing::Test {
 protected:
  DamagedStore() {
    for (int i = 0; i < 400; ++i) {
      content_["key " + std::to_string(i * 7919 % 1000)] =
          std::string(static_cast<std::size_t>(20 + i % 300), 'v');
    }
    content_["large"] = std::string(20'000, 'L');
    auto store = LmdbStore::open({place_, kMost});
    EXPECT_TRUE(store);
    for (const auto& [key, value] : content_) EXPECT_TRUE((*store)->put(key, value));
    const std::vector<std::string> some{"key 0", "key 21", "key 42"};
    EXPECT_TRUE(*(*store)->erase(some));
    for (const std::string& key : some) content_.erase(key);
    store->reset();
    whole_ = read_file();
  }

  std::string read_file() const {
    std::ifstream in(file_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write_file(const std::string& octets) const {
    std::ofstream(file_, std::ios::binary | std::ios::trunc) << octets;
  }

  // judge opens what is there. Either all is as it was, or an error names the store.
  bool is_refused_or_whole() const {
    auto store = LmdbStore::open({place_, kMost});
    if (!store) {
      EXPECT_THAT(store.error().text, HasSubstr(place_));
      return true;
    }
    Content found;
    const auto read = (*store)->for_each("", [&](std::string_view key, std::string_view value) {
      found.emplace(key, value);
      return true;
    });
    if (!read) {
      EXPECT_THAT(read.error().text, HasSubstr(place_));
      return true;
    }
    // A flip in a meta page may bring back the state before the last transaction.
    Content before = content_;
    for (const char* key : {"key 0", "key 21", "key 42"}) before[key] = found[key];
    return found == content_ || found == before;
  }

  test::TempDir folder_;
  const std::string place_ = folder_.file("store");
  const std::string file_ = place_ + "/data.mdb";
  Content content_;
  std::string whole_;
};

TEST_F(DamagedStore, IsWholeBefore) { EXPECT_TRUE(is_refused_or_whole()); }

TEST_F(DamagedStore, CutShortAtAnyPage) {
  for (std::size_t size = 4096; size < whole_.size(); size += 4096) {
    write_file(whole_.substr(0, size));
    auto store = LmdbStore::open({place_, kMost});
    ASSERT_FALSE(store) << size;
    EXPECT_THAT(store.error().text, HasSubstr(file_ + " is damaged"));
  }
}

TEST_F(DamagedStore, CutShortWithinAPage) {
  write_file(whole_.substr(0, whole_.size() - 100));
  auto store = LmdbStore::open({place_, kMost});
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error().text, HasSubstr("it is cut short"));
  write_file("x");
  EXPECT_FALSE(LmdbStore::open({place_, kMost}));
}

TEST_F(DamagedStore, WithAnyPageZeroed) {
  int refused = 0;
  for (std::size_t page = 0; page < whole_.size() / 4096; ++page) {
    std::string octets = whole_;
    octets.replace(page * 4096, 4096, 4096, '\0');
    write_file(octets);
    EXPECT_TRUE(is_refused_or_whole()) << "page " << page;
    refused += !LmdbStore::open({place_, kMost});
  }
  EXPECT_GT(refused, 10);
}

TEST_F(DamagedStore, WithFlippedBits) {
  std::mt19937 random(20261201);
  for (int i = 0; i < 3000; ++i) {
    std::string octets = whole_;
    const std::size_t at = random() % octets.size();
    octets[at] = static_cast<char>(octets[at] ^ (1 << random() % 8));
    write_file(octets);
    ASSERT_TRUE(is_refused_or_whole()) << "octet " << at;
  }
}

TEST_F(DamagedStore, WithWrittenOverPages) {
  std::mt19937 random(7);
  for (int i = 0; i < 300; ++i) {
    std::string octets = whole_;
    const std::size_t from = random() % (octets.size() / 4096) * 4096;
    const std::size_t to = random() % (octets.size() / 4096) * 4096;
    octets.replace(to, 4096, whole_, from, 4096);
    write_file(octets);
    ASSERT_TRUE(is_refused_or_whole()) << from << " over " << to;
  }
}

TEST_F(DamagedStore, OfAnotherProgram) {
  write_file(std::string(100'000, 'x'));
  auto store = LmdbStore::open({place_, kMost});
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error().text, HasSubstr("does not describe an LMDB file"));
}

// ---- the format before checksums

void make_old(const std::string& place, const Content& content) {
  std::filesystem::create_directory(place);
  MDB_env* env = nullptr;
  MDB_txn* txn = nullptr;
  MDB_dbi table = 0;
  ASSERT_EQ(mdb_env_create(&env), 0);
  ASSERT_EQ(mdb_env_set_mapsize(env, kMost), 0);
  ASSERT_EQ(mdb_env_open(env, place.c_str(), MDB_NOLOCK, 0600), 0);
  ASSERT_EQ(mdb_txn_begin(env, nullptr, 0, &txn), 0);
  ASSERT_EQ(mdb_dbi_open(txn, nullptr, 0, &table), 0);
  for (const auto& [key, value] : content) {
    MDB_val k{key.size(), const_cast<char*>(key.data())};
    MDB_val v{value.size(), const_cast<char*>(value.data())};
    ASSERT_EQ(mdb_put(txn, table, &k, &v, 0), 0);
  }
  ASSERT_EQ(mdb_txn_commit(txn), 0);
  mdb_env_close(env);
}

TEST(OldStore, IsRewrittenOnce) {
  test::TempDir folder;
  const std::string place = folder.file("old");
  make_old(place, {{"a", "1"}, {"b", ""}, {"c", std::string(9'000, 'c')}});
  for (const bool first : {true, false}) {
    auto store = LmdbStore::open({place, kMost});
    ASSERT_TRUE(store) << store.error().text;
    EXPECT_EQ((*store)->rewritten(), first);
    EXPECT_EQ(*(*store)->count(), 3U);
    EXPECT_EQ(*(*store)->get("a"), "1");
    EXPECT_EQ(*(*store)->get("b"), "");
    EXPECT_EQ((*(*store)->get("c"))->size(), 9'000U);
  }
}

TEST(OldStore, OfALaterFormatIsLeftAlone) {
  test::TempDir folder;
  const std::string place = folder.file("later");
  make_old(place, {{std::string("\0sallyport.format", 17), "3"}});
  auto store = LmdbStore::open({place, kMost});
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error().text, HasSubstr(place));
}

}  // namespace
}  // namespace sallyport::clients
