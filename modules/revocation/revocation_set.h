#pragma once

// RevocationSet answers, for every worker at once and without waiting, whether a token is revoked.
// Control alone changes it.

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "gateway/crypto/siphash.h"
#include "modules/revocation/revocation_table.h"
#include "modules/revocation/unit.h"

namespace sallyport::revocation {

class RevocationSet {
 public:
  RevocationSet();

  // Any thread. is_ready says whether the set has been read from its store: before that, nothing is
  // known of any token.
  bool is_ready() const { return is_ready_.load(std::memory_order_acquire); }
  // find returns the mark by which a token of `issuer`, issued at `issued_at`, is revoked at `now`,
  // by a revocation for that issuer or for any.
  std::optional<Mark> find(Unit unit, std::string_view issuer, std::string_view value,
                           std::int64_t issued_at, std::int64_t now) const;
  std::size_t listed(Unit unit) const;

  // Control. An empty `issuer` is any.
  void put(Unit unit, std::string_view issuer, std::string_view value, const Mark& mark);
  void erase(Unit unit, std::string_view issuer, std::string_view value);
  void set_ready() { is_ready_.store(true, std::memory_order_release); }
  std::size_t size() const { return table_.size(); }
  std::vector<RevocationTable::Retired> take_retired() { return table_.take_retired(); }

 private:
  using Counts = std::array<std::atomic<std::size_t>, kUnits.size()>;

  crypto::Hash128 hash(Unit unit, std::string_view issuer, std::string_view value) const;
  std::optional<Mark> find_exactly(Unit unit, std::string_view issuer, std::string_view value,
                                   std::int64_t issued_at, std::int64_t now) const;
  const Counts& counts(std::string_view issuer) const { return issuer.empty() ? any_ : of_one_; }
  Counts& counts(std::string_view issuer) { return issuer.empty() ? any_ : of_one_; }

  const crypto::SipKey key_;
  RevocationTable table_;
  Counts any_{};     // how many there are for any issuer: mostly none, then no hash is needed
  Counts of_one_{};  // and for one issuer
  std::atomic<bool> is_ready_{false};
};

}  // namespace sallyport::revocation
