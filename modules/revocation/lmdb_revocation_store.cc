#include <vector>

#include "gateway/base/text.h"
#include "gateway/clients/lmdb_store.h"
#include "modules/revocation/revocation_store.h"

namespace sallyport::revocation {
namespace {

// Keys of records begin with the number of their unit, which is never zero.
const std::string kSyncedKey{'\0', 's'};

class LmdbRevocationStore final : public RevocationStore {
 public:
  explicit LmdbRevocationStore(std::unique_ptr<clients::LmdbStore> store)
      : store_(std::move(store)) {}

  Result<void> put(const Record& record) override {
    return store_->put(record_key(record.unit, record.issuer, record.value), encode_record(record));
  }

  Result<void> put_all(std::span<const Record> records) override {
    std::vector<clients::LmdbStore::Entry> entries;
    entries.reserve(records.size());
    for (const Record& record : records) {
      entries.push_back(
          {record_key(record.unit, record.issuer, record.value), encode_record(record)});
    }
    return store_->put_all(entries);
  }

  Result<std::optional<Record>> find(const std::string& key) override {
    auto bytes = store_->get(key);
    if (!bytes) return bytes.error();
    if (!bytes->has_value()) return std::optional<Record>();
    auto record = decode_record(**bytes);
    if (!record) return damaged();
    return record;
  }

  Result<bool> erase(std::span<const std::string> keys) override { return store_->erase(keys); }

  Result<void> for_each(std::string_view after, const Visit& visit) override {
    bool is_damaged = false;
    auto read = store_->for_each(after, [&](std::string_view key, std::string_view value) {
      if (key == kSyncedKey) return true;
      const auto record = decode_record(value);
      is_damaged = !record || record_key(record->unit, record->issuer, record->value) != key;
      return !is_damaged && visit(key, *record);
    });
    if (is_damaged) return damaged();
    return read;
  }

  Result<void> mark_synced(std::int64_t when) override {
    return store_->put(kSyncedKey, std::to_string(when));
  }

  Result<std::int64_t> synced() override {
    const auto text = store_->get(kSyncedKey);
    if (!text) return text.error();
    return parse_decimal<std::int64_t>(text->value_or("0")).value_or(0);
  }

 private:
  Error damaged() const {
    return {Fault::gateway, "the store " + store_->folder() +
                                " has a record that is no revocation of this version; restore a "
                                "copy, or move it away and revoke again"};
  }

  std::unique_ptr<clients::LmdbStore> store_;
};

}  // namespace

Result<std::unique_ptr<RevocationStore>> open_lmdb(const std::string& folder,
                                                   std::size_t max_bytes) {
  auto store = clients::LmdbStore::open({folder, max_bytes});
  if (!store) return store.error();
  return std::unique_ptr<RevocationStore>(std::make_unique<LmdbRevocationStore>(*std::move(store)));
}

}  // namespace sallyport::revocation
