#include "modules/bearer/key_ledger.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "gateway/base/text.h"
#include "gateway/crypto/digest.h"
#include "modules/bearer/jwt.h"

namespace sallyport::bearer {
namespace {

constexpr std::size_t kStoreBytes = 16 * 1024 * 1024;

// store_key hashes both names, whose lengths LMDB would not take; they stand before the value.
std::string store_key(const std::string& issuer, const std::string& id) {
  return to_hex(crypto::as_text(crypto::sha256(issuer + '\n' + id)));
}

// Key sets stand beside the records, under keys that no record has.
constexpr std::string_view kSet = "set ";

std::string set_key(const std::string& issuer, const std::string& source) {
  return std::string(kSet) + store_key(issuer, source);
}

}  // namespace

Result<void> KeyLedger::open() {
  if (is_open_) return {};
  if (!folder_.empty()) {
    auto opened = clients::LmdbStore::open({folder_, kStoreBytes});
    if (!opened) return opened.error();
    bool is_damaged = false;
    auto read = (*opened)->for_each("", [&](std::string_view key, std::string_view value) {
      if (key.starts_with(kSet)) return true;
      const std::size_t first = value.find('\n');
      const std::size_t last = value.rfind('\n');
      const auto record = last == value.npos || first == last
                              ? std::nullopt
                              : decode_record(value.substr(last + 1));
      is_damaged = !record;
      if (!record) return false;
      const Name name{value.substr(0, first), value.substr(first + 1, last - first - 1)};
      entries_[name] = {*record, *record};
      return true;
    });
    if (!read) return read;
    if (is_damaged) {
      return Error{Fault::gateway, "the store " + folder_ +
                                       " has a record that is none of this "
                                       "version; restore a copy, or move it away and deny again"};
    }
    store_ = *std::move(opened);
  }
  is_open_ = true;
  return {};
}

const KeyRecord* KeyLedger::find(const std::string& issuer, const std::string& id) const {
  const auto found = entries_.find({issuer, id});
  return found == entries_.end() ? nullptr : &found->second.record;
}

KeyRecord& KeyLedger::change(const std::string& issuer, const std::string& id) {
  return entries_[{issuer, id}].record;
}

bool KeyLedger::knows_issuer(const std::string& issuer) const {
  const auto next = entries_.lower_bound({issuer, ""});
  return next != entries_.end() && next->first.first == issuer;
}

std::vector<std::string> KeyLedger::denied(const std::string& issuer) const {
  std::vector<std::string> ids;
  for_each(issuer, [&](const std::string& id, const KeyRecord& record) {
    if (record.denied_at != 0) ids.push_back(id);
  });
  return ids;
}

void KeyLedger::for_each(
    const std::string& issuer,
    const std::function<void(const std::string& id, const KeyRecord&)>& visit) const {
  for (auto at = entries_.lower_bound({issuer, ""});
       at != entries_.end() && at->first.first == issuer; ++at) {
    visit(at->first.second, at->second.record);
  }
}

Result<void> KeyLedger::keep_set(const std::string& issuer, const std::string& source,
                                 const KeptSet& set) {
  if (!store_) return {};
  return store_->put(set_key(issuer, source), std::to_string(set.read_at) + '\n' + set.document);
}

std::optional<KeyLedger::KeptSet> KeyLedger::kept_set(const std::string& issuer,
                                                      const std::string& source) const {
  if (!store_) return std::nullopt;
  const auto found = store_->get(set_key(issuer, source));
  if (!found || !*found) return std::nullopt;
  const std::string_view text = **found;
  const std::size_t line = text.find('\n');
  const auto read_at = parse_decimal<std::int64_t>(text.substr(0, line));
  if (line == text.npos || !read_at) return std::nullopt;
  return KeptSet{*read_at, std::string(text.substr(line + 1))};
}

Result<void> KeyLedger::save() {
  for (auto& [name, entry] : entries_) {
    if (entry.record == entry.saved) continue;
    if (store_) {
      const auto& [issuer, id] = name;
      auto put = store_->put(store_key(issuer, id),
                             issuer + '\n' + id + '\n' + encode_record(entry.record));
      if (!put) return put;
    }
    entry.saved = entry.record;
  }
  return {};
}

Result<void> KeyLedger::forget_old(const std::string& issuer) {
  std::vector<std::pair<std::int64_t, std::string>> ages;
  for_each(issuer, [&](const std::string& id, const KeyRecord& record) {
    if (record.denied_at == 0) ages.emplace_back(record.last_public, id);
  });
  if (ages.size() <= kMaxKeysOfIssuer) return {};
  std::sort(ages.begin(), ages.end());
  ages.resize(ages.size() - kMaxKeysOfIssuer);
  for (const auto& [last_public, id] : ages) {
    entries_.erase({issuer, id});
    const std::array<std::string, 1> keys{store_key(issuer, id)};
    if (!store_) continue;
    if (auto erased = store_->erase(keys); !erased) return erased.error();
  }
  return {};
}

}  // namespace sallyport::bearer
