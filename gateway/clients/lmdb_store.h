#pragma once

// LmdbStore keeps keys and values in an LMDB database on disk, for one process and one thread of
// it. What put and erase have reported as done survives a crash and a power cut.
//
// A damaged file is an error and never a signal: its pages are looked at before LMDB maps them
// (lmdb_check.h), and each value ends with a checksum over its key and itself. A store of the
// earlier format, without checksums, is rewritten once when it is opened, as a whole.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/base/file.h"
#include "gateway/base/result.h"
#include "gateway/clients/lmdb_check.h"

struct MDB_env;

namespace sallyport::clients {

class LmdbStore {
 public:
  // Longest key that LMDB takes; keys are not empty.
  static constexpr std::size_t kMaxKey = 511;

  struct Options {
    std::string folder;                         // made, for the owner only, when its parent exists
    std::size_t max_bytes = 256 * 1024 * 1024;  // of the database file
  };

  // open fails, with a sentence for the operator, when the folder cannot be used, another process
  // has the store open, or the file is damaged.
  static Result<std::unique_ptr<LmdbStore>> open(Options options);
  // Examined is a store as it is before somebody opens it.
  struct Examined {
    bool is_new = false;    // there is no database file yet, or an empty one
    bool is_taken = false;  // another process has it open: it was not looked at
    std::size_t entries = 0;
  };
  // examine says what open would fail at, and changes nothing. A store that another process has
  // open is taken for good.
  static Result<Examined> examine(const std::string& folder);
  ~LmdbStore();
  LmdbStore(const LmdbStore&) = delete;
  LmdbStore& operator=(const LmdbStore&) = delete;

  // put is on disk when it returns; an existing value is replaced.
  Result<void> put(std::string_view key, std::string_view value);
  struct Entry {
    std::string key;
    std::string value;
  };
  // put_all puts all of `entries` or none, at the price of one.
  Result<void> put_all(std::span<const Entry> entries);
  // get copies the value out; nothing when the key is not there.
  Result<std::optional<std::string>> get(std::string_view key) const;
  // erase removes all of `keys` or none; true: at least one of them was there.
  Result<bool> erase(std::span<const std::string> keys);

  // Visit returns false to stop after the entry it was given.
  using Visit = std::function<bool(std::string_view key, std::string_view value)>;
  // for_each visits the entries after the key `after` (empty: from the first) in the keys' byte
  // order. `visit` must not touch the store.
  Result<void> for_each(std::string_view after, const Visit& visit) const;

  Result<std::size_t> count() const;
  // rewritten says whether this opening gave an older store its checksums.
  bool rewritten() const { return rewritten_; }
  const std::string& folder() const { return options_.folder; }
  std::size_t max_bytes() const { return options_.max_bytes; }

 private:
  struct EnvClose {
    void operator()(MDB_env* env) const;
  };

  LmdbStore(Options options, Descriptor lock)
      : options_(std::move(options)), lock_(std::move(lock)) {}
  static Result<Descriptor> lock(const std::string& folder);
  static Result<void> make_ready(const std::string& folder);
  static Result<LmdbShape> check_file(const std::string& folder);
  Result<void> open_environment();
  Result<void> give_checksums();
  Error damaged(std::string_view key) const;
  Error failed(std::string_view doing, int code) const;

  Options options_;
  Descriptor lock_;  // released after the environment is closed
  std::unique_ptr<MDB_env, EnvClose> env_;
  unsigned table_ = 0;
  bool rewritten_ = false;
};

}  // namespace sallyport::clients
