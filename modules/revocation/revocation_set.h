#pragma once

// RevocationSet answers, for every worker at once and without waiting, whether a request shows
// anything that is revoked. Control alone changes it.

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "gateway/crypto/siphash.h"
#include "modules/revocation/revocation_table.h"
#include "modules/revocation/unit.h"

namespace sallyport::revocation {

// Name is something that a request shows and that may be revoked. An empty value is none.
struct Name {
  Unit unit;
  std::string_view value;
};

class RevocationSet {
 public:
  static constexpr std::size_t kMaxNames = 8;  // of one request

  RevocationSet();

  // Any thread. is_ready says whether the set has been read from its store: before that, nothing is
  // known of any token.
  bool is_ready() const { return is_ready_.load(std::memory_order_acquire); }
  struct Found {
    std::size_t index;  // of the name
    Mark mark;
  };
  // find returns the first of the names by which what `issuer` issued at `issued_at` is revoked at
  // `now`, by a revocation for that issuer or for any. One that has ended is in force until its end
  // is believed, see forget_until. Certificates are not the issuer's: one that is revoked is so for
  // every issuer and whenever the token was issued. All names are looked for at once; at most
  // kMaxNames.
  std::optional<Found> find(std::string_view issuer, std::span<const Name> names,
                            std::int64_t issued_at, std::int64_t now) const;
  std::optional<Mark> find(Unit unit, std::string_view issuer, std::string_view value,
                           std::int64_t issued_at, std::int64_t now) const;
  std::size_t listed(Unit unit) const {
    return counts_[index_of(unit)].load(std::memory_order_relaxed);
  }

  // Control. An empty `issuer` is any.
  void put(Unit unit, std::string_view issuer, std::string_view value, const Mark& mark);
  void erase(Unit unit, std::string_view issuer, std::string_view value);
  // forget_until says up to which end a revocation that has ended is over. A worker's clock alone
  // ends nothing: it may have jumped. kNothingEnds: none is over.
  static constexpr std::int64_t kNothingEnds = std::numeric_limits<std::int64_t>::min();
  void forget_until(std::int64_t end) { believed_.store(end, std::memory_order_release); }
  void set_ready() { is_ready_.store(true, std::memory_order_release); }
  std::size_t size() const { return table_.size(); }
  std::size_t bytes() const { return table_.bytes(); }
  std::vector<RevocationTable::Retired> take_retired() { return table_.take_retired(); }

 private:
  // hash names what is for any issuer; where it is for one, issuer_hash is added to the upper half.
  // So both lie side by side, and a value is told from every other by 128 bits, an issuer by 64.
  crypto::Hash128 hash(Unit unit, std::string_view value) const;
  std::uint64_t issuer_hash(std::string_view issuer) const;
  crypto::Hash128 key(Unit unit, std::string_view issuer, std::string_view value) const;

  const std::array<crypto::SipKey, kUnits.size()> unit_keys_;
  const crypto::SipKey issuer_key_;
  RevocationTable table_;
  std::array<std::atomic<std::size_t>, kUnits.size()> counts_{};  // none: nothing to look for
  std::atomic<std::int64_t> believed_{kNothingEnds};
  std::atomic<bool> is_ready_{false};
};

}  // namespace sallyport::revocation
