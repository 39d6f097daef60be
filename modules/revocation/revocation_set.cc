#include "modules/revocation/revocation_set.h"

#include <cstring>

namespace sallyport::revocation {

RevocationSet::RevocationSet() : key_(crypto::SipKey::random()) {}

crypto::Hash128 RevocationSet::hash(Unit unit, std::string_view issuer,
                                    std::string_view value) const {
  // The issuer's length is hashed too, so that no two pairs read the same.
  std::array<char, 3 + 2 * kMaxName> text;
  text[0] = static_cast<char>(unit);
  text[1] = static_cast<char>(issuer.size() & 0xff);
  text[2] = static_cast<char>(issuer.size() >> 8);
  if (!issuer.empty()) std::memcpy(&text[3], issuer.data(), issuer.size());
  std::memcpy(&text[3 + issuer.size()], value.data(), value.size());
  return key_.hash128({text.data(), 3 + issuer.size() + value.size()});
}

std::optional<Mark> RevocationSet::find(Unit unit, std::string_view issuer, std::string_view value,
                                        std::int64_t issued_at, std::int64_t now) const {
  if (value.empty() || value.size() > kMaxName) return std::nullopt;
  if (auto mark = find_exactly(unit, {}, value, issued_at, now)) return mark;
  if (issuer.empty() || issuer.size() > kMaxName) return std::nullopt;
  return find_exactly(unit, issuer, value, issued_at, now);
}

std::optional<Mark> RevocationSet::find_exactly(Unit unit, std::string_view issuer,
                                                std::string_view value, std::int64_t issued_at,
                                                std::int64_t now) const {
  if (counts(issuer)[index_of(unit)].load(std::memory_order_acquire) == 0) return std::nullopt;
  auto mark = table_.find(hash(unit, issuer, value));
  if (!mark || mark->expires <= now || issued_at > mark->cutoff) return std::nullopt;
  return mark;
}

std::size_t RevocationSet::listed(Unit unit) const {
  return any_[index_of(unit)].load(std::memory_order_relaxed) +
         of_one_[index_of(unit)].load(std::memory_order_relaxed);
}

void RevocationSet::put(Unit unit, std::string_view issuer, std::string_view value,
                        const Mark& mark) {
  const bool is_new = table_.put(hash(unit, issuer, value), mark);
  if (is_new) counts(issuer)[index_of(unit)].fetch_add(1, std::memory_order_release);
}

void RevocationSet::erase(Unit unit, std::string_view issuer, std::string_view value) {
  if (!table_.erase(hash(unit, issuer, value))) return;
  counts(issuer)[index_of(unit)].fetch_sub(1, std::memory_order_release);
}

}  // namespace sallyport::revocation
