#include "gateway/clients/lmdb_store.h"

#include <fcntl.h>
#include <lmdb.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include <fmt/core.h>

#include "gateway/base/shown_text.h"
#include "gateway/clients/lmdb_check.h"
#include "gateway/crypto/digest.h"

namespace sallyport::clients {
namespace {

struct TxnAbort {
  void operator()(MDB_txn* txn) const { mdb_txn_abort(txn); }
};
using Txn = std::unique_ptr<MDB_txn, TxnAbort>;

struct CursorClose {
  void operator()(MDB_cursor* cursor) const { mdb_cursor_close(cursor); }
};
using Cursor = std::unique_ptr<MDB_cursor, CursorClose>;

// LMDB's structure has no const; it does not write through it.
MDB_val to_val(std::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }

std::string_view to_view(const MDB_val& val) {
  return {static_cast<const char*>(val.mv_data), val.mv_size};
}

int begin(MDB_env* env, unsigned flags, Txn& to) {
  MDB_txn* txn = nullptr;
  const int code = mdb_txn_begin(env, nullptr, flags, &txn);
  to.reset(txn);
  return code;
}

int commit(Txn txn) { return mdb_txn_commit(txn.release()); }  // frees it, also on failure

// The first entry of a store whose values have checksums. No key of a user begins like it.
constexpr std::string_view kFormatKey("\0sallyport.format", 17);
constexpr std::string_view kFormat = "2";

bool is_key(std::string_view key) {
  return !key.empty() && key.size() <= LmdbStore::kMaxKey && key != kFormatKey;
}

constexpr std::size_t kChecksum = 8;

// checksum is the beginning of SHA-256 over both, with the key's length between them.
std::string checksum(std::string_view key, std::string_view value) {
  std::string text = fmt::format("{}:", key.size());
  text.append(key).append(value);
  const crypto::Sha256 digest = crypto::sha256(text);
  return {reinterpret_cast<const char*>(digest.data()), kChecksum};
}

std::string sealed(std::string_view key, std::string_view value) {
  return std::string(value) + checksum(key, value);
}

// opened is the value without its checksum; nothing when that is wrong.
std::optional<std::string_view> opened(std::string_view key, std::string_view stored) {
  if (stored.size() < kChecksum) return std::nullopt;
  const std::string_view value = stored.substr(0, stored.size() - kChecksum);
  if (stored.substr(value.size()) != checksum(key, value)) return std::nullopt;
  return value;
}

Result<void> is_ours_alone(const std::string& folder, mode_t mode) {
  if ((mode & S_IWOTH) == 0) return {};
  return Error{Fault::gateway,
               fmt::format("every user of this machine can write to the folder {}; chmod o-w it "
                           "and make sure that what is in it is yours",
                           folder)};
}

}  // namespace

void LmdbStore::EnvClose::operator()(MDB_env* env) const { mdb_env_close(env); }

LmdbStore::~LmdbStore() = default;

Error LmdbStore::failed(std::string_view doing, int code) const {
  std::string text =
      fmt::format("cannot {} the store {}: {}", doing, options_.folder, mdb_strerror(code));
  if (code == MDB_MAP_FULL) {
    text = fmt::format("the store {} is full at {} bytes; give it a larger limit", options_.folder,
                       options_.max_bytes);
  } else if (code == MDB_CORRUPTED || code == MDB_INVALID || code == MDB_VERSION_MISMATCH ||
             code == MDB_PAGE_NOTFOUND) {
    text += "; the file is damaged or of another program: restore a copy or move it away";
  }
  return {Fault::gateway, std::move(text)};
}

// make_ready sees to it that LMDB opens the folder's own file: it would follow a link. What others
// can write is no place for what the gateway believes.
Result<void> LmdbStore::make_ready(const std::string& folder) {
  const Descriptor place(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat status {};
  if (!place.is_open() || ::fstat(place.get(), &status) != 0) {
    return Error{Fault::gateway,
                 fmt::format("cannot open the folder {}: {}", folder, std::strerror(errno))};
  }
  if (auto ours = is_ours_alone(folder, status.st_mode); !ours) return ours;
  const Descriptor data(
      ::openat(place.get(), "data.mdb", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!data.is_open()) {
    return Error{Fault::gateway,
                 fmt::format("cannot open {}/data.mdb: {}", folder, std::strerror(errno))};
  }
  // The name of a new file is as durable as what is written to it.
  if (::fsync(place.get()) == 0) return {};
  return Error{Fault::gateway,
               fmt::format("cannot write to the folder {}: {}", folder, std::strerror(errno))};
}

Result<Descriptor> LmdbStore::lock(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return Error{Fault::gateway,
                 fmt::format("cannot make the folder {}: {}", folder, std::strerror(errno))};
  }
  const std::string path = folder + "/owner.lock";
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open()) {
    return Error{Fault::gateway, fmt::format("cannot open {}: {}", path, std::strerror(errno))};
  }
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return file;
  if (errno != EWOULDBLOCK) {
    return Error{Fault::gateway, fmt::format("cannot lock {}: {}", path, std::strerror(errno))};
  }
  return Error{
      Fault::gateway,
      fmt::format("the store {} is open in another process; a store has one owner, so stop "
                  "that one or name another folder",
                  folder)};
}

Error LmdbStore::damaged(std::string_view key) const {
  return {
      Fault::gateway,
      fmt::format("the store {} is damaged: the entry {} and its checksum do not agree; restore a "
                  "copy of {}/data.mdb or move it away",
                  options_.folder, shown_text(key), options_.folder)};
}

Result<LmdbShape> LmdbStore::check_file(const std::string& folder) {
  const std::string path = folder + "/data.mdb";
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.is_open()) {
    return Error{Fault::gateway, fmt::format("cannot open {}: {}", path, std::strerror(errno))};
  }
  const auto shape = check_lmdb(file.get());
  if (shape) return *shape;
  return Error{Fault::gateway,
               fmt::format("{} is damaged: {}; restore a copy of it or move it away", path,
                           shape.error().text)};
}

Result<LmdbStore::Examined> LmdbStore::examine(const std::string& folder) {
  const auto parent = std::filesystem::absolute(folder).parent_path();
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) {
    if (errno != ENOENT) {
      return Error{Fault::gateway, fmt::format("the store {}: {}", folder, std::strerror(errno))};
    }
    if (::access(parent.c_str(), W_OK | X_OK) == 0) return Examined{.is_new = true};
    return Error{Fault::gateway, fmt::format("cannot make the folder {}: {}: {}", folder,
                                             parent.string(), std::strerror(errno))};
  }
  if (!S_ISDIR(status.st_mode)) {
    return Error{Fault::gateway, fmt::format("the store {} is not a folder", folder)};
  }
  if (auto ours = is_ours_alone(folder, status.st_mode); !ours) return ours.error();
  if (::access((folder + "/data.mdb").c_str(), F_OK) != 0) return Examined{.is_new = true};
  const Descriptor owner(::open((folder + "/owner.lock").c_str(), O_RDONLY | O_CLOEXEC));
  // Its owner writes while we would read.
  if (owner.is_open() && ::flock(owner.get(), LOCK_SH | LOCK_NB) != 0) {
    return Examined{.is_taken = true};
  }
  const auto shape = check_file(folder);
  if (!shape) return shape.error();
  // The mark of the format is one; a store of the earlier format has none.
  return Examined{.is_new = shape->is_new,
                  .entries = shape->entries - (shape->entries > 0 ? 1 : 0)};
}

Result<std::unique_ptr<LmdbStore>> LmdbStore::open(Options options) {
  auto held = lock(options.folder);
  if (!held) return held.error();
  if (auto ready = make_ready(options.folder); !ready) return ready.error();
  std::unique_ptr<LmdbStore> store(new LmdbStore(std::move(options), *std::move(held)));
  if (auto good = check_file(store->folder()); !good) return good.error();
  if (auto opened = store->open_environment(); !opened) return opened.error();
  if (auto given = store->give_checksums(); !given) return given.error();
  return store;
}

Result<void> LmdbStore::open_environment() {
  MDB_env* env = nullptr;
  if (const int code = mdb_env_create(&env); code != 0) return failed("open", code);
  env_.reset(env);
  int code = mdb_env_set_mapsize(env, options_.max_bytes);
  // Our own lock keeps other processes away, so LMDB's table of readers is not needed. Nothing
  // relaxes its synchronous commit.
  if (code == 0) code = mdb_env_open(env, options_.folder.c_str(), MDB_NOLOCK, 0600);
  if (code != 0) return failed("open", code);
  Txn txn;
  code = begin(env, 0, txn);
  if (code == 0) code = mdb_dbi_open(txn.get(), nullptr, 0, &table_);
  if (code == 0) code = commit(std::move(txn));
  if (code != 0) return failed("open", code);
  return {};
}

// give_checksums marks a new store, and rewrites one of the earlier format in one transaction.
Result<void> LmdbStore::give_checksums() {
  Txn txn;
  int code = begin(env_.get(), 0, txn);
  const auto put_stored = [&](std::string_view key, std::string_view stored) {
    MDB_val stored_key = to_val(key);
    MDB_val stored_value = to_val(stored);
    return mdb_put(txn.get(), table_, &stored_key, &stored_value, 0);
  };
  MDB_val format_key = to_val(kFormatKey);
  MDB_val format{};
  if (code == 0) code = mdb_get(txn.get(), table_, &format_key, &format);
  if (code == 0 && to_view(format) != kFormat) code = MDB_VERSION_MISMATCH;
  if (code == 0) return {};
  if (code != MDB_NOTFOUND) return failed("open", code);
  std::vector<Entry> old;
  MDB_cursor* raw = nullptr;
  code = mdb_cursor_open(txn.get(), table_, &raw);
  if (code != 0) return failed("open", code);
  {
    const Cursor cursor(raw);
    MDB_val key{};
    MDB_val value{};
    while ((code = mdb_cursor_get(raw, &key, &value, MDB_NEXT)) == 0) {
      old.push_back({std::string(to_view(key)), std::string(to_view(value))});
    }
  }
  code = code == MDB_NOTFOUND ? 0 : code;
  for (const Entry& entry : old) {
    if (code == 0) code = put_stored(entry.key, sealed(entry.key, entry.value));
  }
  if (code == 0) code = put_stored(kFormatKey, kFormat);
  if (code == 0) code = commit(std::move(txn));
  if (code != 0) return failed("rewrite", code);
  rewritten_ = !old.empty();
  return {};
}

Result<void> LmdbStore::put(std::string_view key, std::string_view value) {
  const Entry entry{std::string(key), std::string(value)};
  return put_all({&entry, 1});
}

Result<void> LmdbStore::put_all(std::span<const Entry> entries) {
  Txn txn;
  int code = begin(env_.get(), 0, txn);
  for (const Entry& entry : entries) {
    if (code == 0 && !is_key(entry.key)) code = MDB_BAD_VALSIZE;
    if (code != 0) break;
    const std::string stored = sealed(entry.key, entry.value);
    MDB_val stored_key = to_val(entry.key);
    MDB_val stored_value = to_val(stored);
    code = mdb_put(txn.get(), table_, &stored_key, &stored_value, 0);
  }
  if (code == 0) code = commit(std::move(txn));
  if (code != 0) return failed("write to", code);
  return {};
}

Result<std::optional<std::string>> LmdbStore::get(std::string_view key) const {
  if (!is_key(key)) return failed("read", MDB_BAD_VALSIZE);
  Txn txn;
  int code = begin(env_.get(), MDB_RDONLY, txn);
  MDB_val stored_key = to_val(key);
  MDB_val value{};
  if (code == 0) code = mdb_get(txn.get(), table_, &stored_key, &value);
  if (code == MDB_NOTFOUND) return std::optional<std::string>();
  if (code != 0) return failed("read", code);
  const auto unsealed = opened(key, to_view(value));
  if (!unsealed) return damaged(key);
  return std::optional<std::string>(*unsealed);
}

Result<bool> LmdbStore::erase(std::span<const std::string> keys) {
  Txn txn;
  int code = begin(env_.get(), 0, txn);
  bool erased = false;
  for (const std::string& key : keys) {
    if (code != 0) break;
    MDB_val stored_key = to_val(key);
    code = is_key(key) ? mdb_del(txn.get(), table_, &stored_key, nullptr) : MDB_BAD_VALSIZE;
    erased = erased || code == 0;
    if (code == MDB_NOTFOUND) code = 0;
  }
  if (code == 0) code = commit(std::move(txn));
  if (code != 0) return failed("erase from", code);
  return erased;
}

Result<void> LmdbStore::for_each(std::string_view after, const Visit& visit) const {
  Txn txn;
  int code = begin(env_.get(), MDB_RDONLY, txn);
  MDB_cursor* raw = nullptr;
  if (code == 0) code = mdb_cursor_open(txn.get(), table_, &raw);
  if (code != 0) return failed("read", code);
  const Cursor cursor(raw);
  MDB_val key = to_val(after);
  MDB_val value{};
  code = mdb_cursor_get(raw, &key, &value, after.empty() ? MDB_FIRST : MDB_SET_RANGE);
  if (code == 0 && !after.empty() && to_view(key) == after) {
    code = mdb_cursor_get(raw, &key, &value, MDB_NEXT);
  }
  for (; code == 0; code = mdb_cursor_get(raw, &key, &value, MDB_NEXT)) {
    if (to_view(key) == kFormatKey) continue;
    const auto unsealed = opened(to_view(key), to_view(value));
    if (!unsealed) return damaged(to_view(key));
    if (!visit(to_view(key), *unsealed)) break;
  }
  if (code != 0 && code != MDB_NOTFOUND) return failed("read", code);
  return {};
}

Result<std::size_t> LmdbStore::count() const {
  Txn txn;
  MDB_stat stat{};
  int code = begin(env_.get(), MDB_RDONLY, txn);
  if (code == 0) code = mdb_stat(txn.get(), table_, &stat);
  if (code != 0) return failed("read", code);
  return stat.ms_entries - 1;  // without that of the format
}

}  // namespace sallyport::clients
