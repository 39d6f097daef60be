#pragma once

// OrderAdvice knows what an order will do, and above all what it will not: an order that names
// nobody is obeyed in vain, and whoever gave it must be told. It also says which cut-off "now"
// means.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/policy/issuer_terms.h"
#include "modules/revocation/order.h"
#include "modules/revocation/record.h"

namespace sallyport::revocation {

class OrderAdvice {
 public:
  explicit OrderAdvice(std::vector<policy::IssuerTerms> issuers) : issuers_(std::move(issuers)) {}

  // mistake says why an order cannot mean what it says; empty: nothing is wrong with it.
  std::string mistake(const Order& order) const;

  // leeway is how far ahead of our clock an accepted `iat` may be, of the issuers that the order is
  // about: tokens that were issued before the order may say a time so much later.
  Seconds leeway(const Order& order) const;

  // notes are sentences about an order that holds as `record`; `keep` is how long such an entry is
  // kept when nobody says, which is at least as long as an access token lives.
  std::vector<std::string> notes(const Order& order, const Record& record, std::int64_t now,
                                 Seconds keep) const;

 private:
  std::vector<const policy::IssuerTerms*> concerned(const Order& order) const;
  std::string known_issuers() const;
  void note_issuers(const Order& order, std::vector<std::string>& to) const;
  void note_unit(const Order& order, std::vector<std::string>& to) const;

  const std::vector<policy::IssuerTerms> issuers_;
};

}  // namespace sallyport::revocation
