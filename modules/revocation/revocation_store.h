#pragma once

// RevocationStore keeps revocations beyond the life of the process. Control thread only.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/base/result.h"
#include "modules/revocation/record.h"

namespace sallyport::revocation {

class RevocationStore {
 public:
  virtual ~RevocationStore() = default;

  // put is durable when it returns.
  virtual Result<void> put(const Record& record) = 0;
  // put_all stores all of them or none, durably.
  virtual Result<void> put_all(std::span<const Record> records) = 0;
  // find returns the record of that record_key, or nothing.
  virtual Result<std::optional<Record>> find(const std::string& key) = 0;
  // erase removes records by their record_key; true: at least one was there.
  virtual Result<bool> erase(std::span<const std::string> keys) = 0;

  // Visit returns false to stop after the record it was given.
  using Visit = std::function<bool(std::string_view key, const Record& record)>;
  // for_each visits the records after the key `after` (empty: all). A record that cannot be read is
  // an error: what is not understood cannot be enforced.
  virtual Result<void> for_each(std::string_view after, const Visit& visit) = 0;

  // mark_synced notes that all that a source knew at that time (Unix seconds) has been stored;
  // synced is the last such time, zero: never.
  virtual Result<void> mark_synced(std::int64_t when) = 0;
  virtual Result<std::int64_t> synced() = 0;
};

// open_lmdb opens the store in a folder of its own, at most `max_bytes` large.
Result<std::unique_ptr<RevocationStore>> open_lmdb(const std::string& folder,
                                                   std::size_t max_bytes);

}  // namespace sallyport::revocation
