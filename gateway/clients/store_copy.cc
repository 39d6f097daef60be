#include "gateway/clients/store_copy.h"

#include <fmt/core.h>
#include <lmdb.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "gateway/base/text.h"
#include "gateway/crypto/base64.h"

namespace sallyport::clients {
namespace {

constexpr std::string_view kFirst = "sallyport-store 1";
constexpr std::string_view kLast = "end ";
constexpr std::size_t kBatch = 1000;

Error wrong_line(std::size_t number, std::string_view what) {
  return {Fault::client, fmt::format("line {} of the copy: {}", number, what)};
}

std::optional<LmdbStore::Entry> entry_of(std::string_view line) {
  const std::size_t blank = line.find(' ');
  if (blank == line.npos) return std::nullopt;
  auto key = crypto::decode_base64url(line.substr(0, blank));
  auto value = crypto::decode_base64url(line.substr(blank + 1));
  if (!key || !value) return std::nullopt;
  return LmdbStore::Entry{std::move(*key), std::move(*value)};
}

// Reader reads the lines of a copy and puts the entries into the store, many at a time.
class Reader {
 public:
  Reader(std::istream& copy, LmdbStore& store) : copy_(copy), store_(store) {}

  Result<std::size_t> run() {
    if (!next() || line_ != kFirst)
      return wrong_line(1, "it does not begin with sallyport-store 1");
    while (next()) {
      if (line_.starts_with(kLast)) return finish();
      auto entry = entry_of(line_);
      if (!entry) return wrong_line(number_, "it is not a key and a value in base64");
      entries_.push_back(std::move(*entry));
      if (entries_.size() < kBatch) continue;
      if (auto put = flush(); !put) return put.error();
    }
    return wrong_line(number_ + 1, "the copy ends before its last line");
  }

 private:
  bool next() {
    ++number_;
    return std::getline(copy_, line_) && line_.size() <= kMaxCopyLine;
  }

  Result<void> flush() {
    count_ += entries_.size();
    auto put = store_.put_all(entries_);
    entries_.clear();
    return put;
  }

  Result<std::size_t> finish() {
    if (auto put = flush(); !put) return put.error();
    const auto expected = parse_decimal<std::size_t>(std::string_view(line_).substr(kLast.size()));
    if (expected == count_) return count_;
    return wrong_line(number_, fmt::format("{} entries came before it", count_));
  }

  std::istream& copy_;
  LmdbStore& store_;
  std::string line_;
  std::size_t number_ = 0;
  std::size_t count_ = 0;
  std::vector<LmdbStore::Entry> entries_;
};

struct EnvClose {
  void operator()(MDB_env* env) const { mdb_env_close(env); }
};
using Env = std::unique_ptr<MDB_env, EnvClose>;

Error lmdb_error(const std::string& folder, int code) {
  return {Fault::gateway, fmt::format("cannot write to {}: {}", folder, mdb_strerror(code))};
}

int open_older(const std::string& folder, std::size_t bytes, Env& to) {
  MDB_env* env = nullptr;
  int code = mdb_env_create(&env);
  to.reset(env);
  if (code == 0) code = mdb_env_set_mapsize(env, bytes);
  if (code == 0) code = mdb_env_open(env, folder.c_str(), MDB_NOLOCK, 0600);
  return code;
}

}  // namespace

Result<std::size_t> export_store(const LmdbStore& store,
                                 const std::function<void(const std::string& line)>& take) {
  std::size_t count = 0;
  take(fmt::format("{}\n", kFirst));
  const auto read = store.for_each({}, [&](std::string_view key, std::string_view value) {
    take(fmt::format("{} {}\n", crypto::encode_base64url(key), crypto::encode_base64url(value)));
    ++count;
    return true;
  });
  if (!read) return read.error();
  take(fmt::format("{}{}\n", kLast, count));
  return count;
}

Result<std::size_t> import_store(std::istream& copy, LmdbStore& store) {
  const auto there = store.count();
  if (!there) return there.error();
  if (*there != 0) {
    return Error{Fault::client,
                 fmt::format("the store {} has {} entries: a copy is put into an empty "
                             "one only; move it away first",
                             store.folder(), *there)};
  }
  return Reader(copy, store).run();
}

Result<std::size_t> export_older(const LmdbStore& store, const std::string& folder) {
  if (mkdir(folder.c_str(), 0700) != 0) {
    return Error{Fault::client,
                 fmt::format("cannot make the folder {}: {}", folder, std::strerror(errno))};
  }
  Env env;
  int code = open_older(folder, store.max_bytes(), env);
  MDB_txn* txn = nullptr;
  MDB_dbi table = 0;
  if (code == 0) code = mdb_txn_begin(env.get(), nullptr, 0, &txn);
  if (code == 0) code = mdb_dbi_open(txn, nullptr, 0, &table);
  std::size_t count = 0;
  const auto put = [&](std::string_view key, std::string_view value) {
    MDB_val stored_key{key.size(), const_cast<char*>(key.data())};
    MDB_val stored_value{value.size(), const_cast<char*>(value.data())};
    if (code == 0) code = mdb_put(txn, table, &stored_key, &stored_value, 0);
    ++count;
    return code == 0;
  };
  const auto read = store.for_each({}, put);
  if (txn != nullptr && (code != 0 || !read)) mdb_txn_abort(txn);
  if (!read) return read.error();
  if (code == 0) code = mdb_txn_commit(txn);
  if (code != 0) return lmdb_error(folder, code);
  return count;
}

}  // namespace sallyport::clients
