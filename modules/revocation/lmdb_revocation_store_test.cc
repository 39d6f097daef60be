#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "gateway/clients/lmdb_store.h"
#include "modules/revocation/revocation_store.h"
#include "tests/support/temp_dir.h"

namespace sallyport::revocation {
namespace {

using testing::HasSubstr;

constexpr std::size_t kSize = 1024 * 1024;

Record example(std::string value) {
  Record record;
  record.unit = Unit::consent;
  record.issuer = "https://login.bank.example";
  record.value = std::move(value);
  record.expires = 1'800'000'000;
  return record;
}

std::string key_of(const Record& record) {
  return record_key(record.unit, record.issuer, record.value);
}

class LmdbRevocationStore : public testing::Test {
 protected:
  std::unique_ptr<RevocationStore> open() {
    auto store = open_lmdb(folder.file("store"), kSize);
    EXPECT_TRUE(store) << store.error().text;
    return *std::move(store);
  }
  // forge writes an entry past the store's own form.
  void forge(std::string_view key, std::string_view value) {
    auto raw = clients::LmdbStore::open({folder.file("store"), kSize});
    ASSERT_TRUE(raw && (*raw)->put(key, value));
  }
  static Result<void> read(RevocationStore& store, std::vector<Record>& to) {
    return store.for_each({}, [&](std::string_view, const Record& record) {
      to.push_back(record);
      return true;
    });
  }
  test::TempDir folder;
};

TEST_F(LmdbRevocationStore, KeepsRecordsAcrossReopening) {
  ASSERT_TRUE(open()->put(example("c-1")));
  const auto store = open();
  std::vector<Record> records;
  ASSERT_TRUE(read(*store, records));
  EXPECT_EQ(records, std::vector<Record>{example("c-1")});
}

TEST_F(LmdbRevocationStore, PutsManyInOneGo) {
  const auto store = open();
  const std::vector<Record> many{example("c-1"), example("c-2"), example("c-3")};
  ASSERT_TRUE(store->put_all(many));
  std::vector<Record> records;
  ASSERT_TRUE(read(*store, records));
  EXPECT_EQ(records.size(), 3u);
}

TEST_F(LmdbRevocationStore, RemembersWhenASourceWasComplete) {
  EXPECT_EQ(*open()->synced(), 0);
  ASSERT_TRUE(open()->mark_synced(1'800'000'000));
  const auto store = open();
  EXPECT_EQ(*store->synced(), 1'800'000'000);
  std::vector<Record> records;
  ASSERT_TRUE(read(*store, records));  // it is no record
  EXPECT_TRUE(records.empty());
}

TEST_F(LmdbRevocationStore, FindsAndErasesByKey) {
  const auto store = open();
  ASSERT_TRUE(store->put(example("c-1")));
  EXPECT_EQ(*store->find(key_of(example("c-1"))), example("c-1"));
  EXPECT_EQ(*store->find(key_of(example("c-2"))), std::nullopt);
  const std::vector<std::string> keys{key_of(example("c-1"))};
  EXPECT_TRUE(*store->erase(keys));
  EXPECT_FALSE(*store->erase(keys));
  EXPECT_EQ(*store->find(keys.front()), std::nullopt);
}

TEST_F(LmdbRevocationStore, TakesARecordOfTheLongestNames) {
  Record longest = example(std::string(kMaxName, 'v'));
  longest.issuer = std::string(kMaxName, 'i');
  longest.reason = longest.who = std::string(kMaxRemark, 'r');
  const auto store = open();
  ASSERT_TRUE(store->put(longest));
  EXPECT_EQ(*store->find(key_of(longest)), longest);
}

TEST_F(LmdbRevocationStore, FailsOnARecordThatItCannotRead) {
  forge(key_of(example("c-1")), "not a record");
  const auto store = open();
  std::vector<Record> records;
  const auto done = read(*store, records);
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().text, HasSubstr("is no revocation of this version"));
  EXPECT_FALSE(store->find(key_of(example("c-1"))));
}

TEST_F(LmdbRevocationStore, FailsOnARecordUnderAnothersKey) {
  forge(key_of(example("c-1")), encode_record(example("c-2")));
  const auto store = open();
  std::vector<Record> records;
  EXPECT_FALSE(read(*store, records));
}

}  // namespace
}  // namespace sallyport::revocation
