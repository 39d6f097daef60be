#pragma once

// KeyLedger remembers the keys of all issuers, on disk when it has a folder: what each was seen
// doing, and the last good key set as a whole. One thread uses it.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/clients/lmdb_store.h"
#include "modules/bearer/key_record.h"

namespace sallyport::bearer {

class KeyLedger {
 public:
  // So many keys are remembered of one issuer; those not seen for the longest time go first.
  static constexpr std::size_t kMaxKeysOfIssuer = 256;

  // An empty folder remembers in memory only.
  explicit KeyLedger(std::string folder) : folder_(std::move(folder)) {}

  // open reads what is on disk; it may be called again, and does nothing once it has succeeded.
  Result<void> open();
  bool is_open() const { return is_open_; }
  bool is_durable() const { return !folder_.empty(); }
  const std::string& folder() const { return folder_; }

  // find returns the record, or null; change makes one when there is none.
  const KeyRecord* find(const std::string& issuer, const std::string& id) const;
  KeyRecord& change(const std::string& issuer, const std::string& id);
  bool knows_issuer(const std::string& issuer) const;
  std::vector<std::string> denied(const std::string& issuer) const;
  void for_each(const std::string& issuer,
                const std::function<void(const std::string& id, const KeyRecord&)>& visit) const;

  // KeptSet is the key set that was read last, as it came, so that a process that starts while the
  // issuer is away has one.
  struct KeptSet {
    std::int64_t read_at = 0;  // Unix seconds
    std::string document;
  };
  // keep_set puts it on disk at once. `source` is where it was read: a set of another place does
  // not count.
  Result<void> keep_set(const std::string& issuer, const std::string& source, const KeptSet& set);
  std::optional<KeptSet> kept_set(const std::string& issuer, const std::string& source) const;

  // save writes what has changed; only then does it outlive the process.
  Result<void> save();
  // forget_old keeps the number of an issuer's records within the limit.
  Result<void> forget_old(const std::string& issuer);

 private:
  using Name = std::pair<std::string, std::string>;  // issuer, kid
  struct Entry {
    KeyRecord record;
    KeyRecord saved;
  };

  const std::string folder_;
  bool is_open_ = false;
  std::unique_ptr<clients::LmdbStore> store_;
  std::map<Name, Entry> entries_;
};

}  // namespace sallyport::bearer
