#include "gateway/net/forwarded.h"

#include "gateway/base/text.h"
#include "gateway/net/forwarded_element.h"

namespace sallyport::net {

void ForwardedList::add(const ForwardedHop& hop) {
  if (count_ == kMaxHops) {
    is_too_long_ = true;
    return;
  }
  hops_[count_++] = hop;
}

void ForwardedList::add_forwarded(std::string_view line) {
  ForwardedReader reader(line);
  ForwardedHop hop;
  do {
    if (!reader.read_element(hop)) {
      is_malformed_ = true;
      return;
    }
    add(hop);
  } while (reader.take_comma() && !is_too_long_);
  if (!reader.is_at_end()) is_malformed_ = true;
}

void ForwardedList::add_x_forwarded_for(std::string_view line) {
  for_each_piece(line, ',', [this](std::string_view piece) { add(parse_x_node(trim(piece))); });
}

std::variant<Endpoint, ForwardedViolation> ForwardedList::client(const Endpoint& peer,
                                                                 const PrefixSet& trusted) const {
  if (is_too_long_) return ForwardedViolation::too_many_hops;
  if (is_malformed_) return ForwardedViolation::malformed;
  Endpoint client = peer;
  for (std::size_t i = count_; i-- > 0;) {
    const ForwardedHop& hop = hops_[i];
    if (hop.kind == ForwardedHop::Kind::hidden) return ForwardedViolation::hidden;
    if (hop.kind == ForwardedHop::Kind::malformed) return ForwardedViolation::malformed;
    client = hop.client;
    if (!trusted.contains(client.address)) break;
  }
  return client;
}

std::string_view to_string(ForwardedViolation violation) {
  switch (violation) {
    case ForwardedViolation::malformed:
      return "malformed";
    case ForwardedViolation::hidden:
      return "hidden";
    case ForwardedViolation::too_many_hops:
      return "too_many_hops";
  }
  return "unknown";
}

}  // namespace sallyport::net
