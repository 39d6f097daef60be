#pragma once

// What the headers module does to the fields of a request before they go to the upstream.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/policy/exchange.h"

namespace sallyport::headers {

enum class Authorization : std::uint8_t { forward, remove };
constexpr auto option_names(Authorization) {
  return std::array<std::pair<std::string_view, Authorization>, 2>{
      {{"forward", Authorization::forward}, {"remove", Authorization::remove}}};
}

struct RequestRules {
  std::vector<std::string> strip;  // folded
  bool client_cert = false;
  Authorization authorization = Authorization::forward;
};

// make_trustworthy sets the fields that upstreams rely on; the gateway has removed whatever clients
// said in their place. It removes what `rules` name. New text lives in the exchange's arena.
void make_trustworthy(policy::Exchange& exchange, const RequestRules& rules);

// forwarded_node renders the text of an address as a node of RFC 7239 section 6: IPv6 in brackets
// and quotes.
std::string forwarded_node(net::Family family, std::string_view address);

}  // namespace sallyport::headers
