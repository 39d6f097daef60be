#pragma once

// Orders are what an operator tells the revocation module, as JSON from the admin socket.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/result.h"
#include "modules/revocation/unit.h"

namespace sallyport::revocation {

// {"unit":"subject","value":"…","issuer":"…","cutoff":1800000000,"expires":1800090000,
//  "reason":"…","who":"…"}; only unit and value must be there.
struct Order {
  Unit unit = Unit::token;
  std::string issuer;
  std::string value;
  std::optional<std::int64_t> cutoff;
  std::optional<std::int64_t> expires;
  std::string reason;
  std::string who;
};

// ListOrder asks for a page: {"unit":"jti","value":"…","issuer":"…","after":"…","limit":100}, all
// of it optional. `after` is the `next` of the page before.
struct ListOrder {
  std::optional<Unit> unit;
  std::string issuer;  // empty: every
  std::string value;   // empty: every
  std::string after;   // key of a record, empty: from the first
  std::size_t limit = 100;
};

inline constexpr std::size_t kMaxPage = 1000;

// The parsers refuse members that they do not know: an order half understood is not obeyed.
Result<Order> parse_order(std::string_view json);
Result<ListOrder> parse_list_order(std::string_view json);  // empty text: no wishes

}  // namespace sallyport::revocation
