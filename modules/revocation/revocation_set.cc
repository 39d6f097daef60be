#include "modules/revocation/revocation_set.h"

#include <algorithm>

#include "gateway/base/check.h"

namespace sallyport::revocation {
namespace {

std::array<crypto::SipKey, kUnits.size()> random_keys() {
  const auto key = [] { return crypto::SipKey::random(); };
  return {key(), key(), key(), key(), key(), key()};
}

}  // namespace

RevocationSet::RevocationSet() : unit_keys_(random_keys()), issuer_key_(crypto::SipKey::random()) {}

crypto::Hash128 RevocationSet::hash(Unit unit, std::string_view value) const {
  return unit_keys_[index_of(unit)].short_hash128(value);
}

std::uint64_t RevocationSet::issuer_hash(std::string_view issuer) const {
  return issuer.empty() ? 0 : issuer_key_.short_hash128(issuer).high;
}

crypto::Hash128 RevocationSet::key(Unit unit, std::string_view issuer,
                                   std::string_view value) const {
  crypto::Hash128 key = hash(unit, value);
  key.high ^= issuer_hash(issuer);
  return key;
}

std::optional<RevocationSet::Found> RevocationSet::find(std::string_view issuer,
                                                        std::span<const Name> names,
                                                        std::int64_t issued_at,
                                                        std::int64_t now) const {
  SALLYPORT_CHECK(names.size() <= kMaxNames);
  // First all hashes, while the table's memory comes closer; then all searches.
  std::array<crypto::Hash128, kMaxNames> keys;
  std::array<std::size_t, kMaxNames> asked;
  std::size_t count = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Name& name = names[i];
    if (name.value.empty() || name.value.size() > kMaxName) continue;
    if (counts_[index_of(name.unit)].load(std::memory_order_acquire) == 0) continue;
    keys[count] = hash(name.unit, name.value);
    table_.prefetch(keys[count].low);
    asked[count++] = i;
  }
  if (count == 0) return std::nullopt;
  const std::int64_t over = std::min(now, believed_.load(std::memory_order_acquire));
  const std::uint64_t of_one = issuer.size() > kMaxName ? 0 : issuer_hash(issuer);
  for (std::size_t i = 0; i < count; ++i) {
    const auto both = table_.find_both(keys[i].low, keys[i].high, keys[i].high ^ of_one);
    const bool is_whole = names[asked[i]].unit == Unit::certificate;
    for (const auto& mark : both) {
      if (!mark || mark->expires <= over) continue;
      if (is_whole || issued_at <= mark->cutoff) return Found{asked[i], *mark};
    }
  }
  return std::nullopt;
}

std::optional<Mark> RevocationSet::find(Unit unit, std::string_view issuer, std::string_view value,
                                        std::int64_t issued_at, std::int64_t now) const {
  const Name name{unit, value};
  const auto found = find(issuer, {&name, 1}, issued_at, now);
  if (!found) return std::nullopt;
  return found->mark;
}

void RevocationSet::put(Unit unit, std::string_view issuer, std::string_view value,
                        const Mark& mark) {
  const bool is_new = table_.put(key(unit, issuer, value), mark);
  if (is_new) counts_[index_of(unit)].fetch_add(1, std::memory_order_release);
}

void RevocationSet::erase(Unit unit, std::string_view issuer, std::string_view value) {
  if (!table_.erase(key(unit, issuer, value))) return;
  counts_[index_of(unit)].fetch_sub(1, std::memory_order_release);
}

}  // namespace sallyport::revocation
