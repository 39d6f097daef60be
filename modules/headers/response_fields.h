#pragma once

// What the headers module does to the fields of an answer before it goes to the client.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/policy/exchange.h"

namespace sallyport::headers {

// Security is a set of fields that tell the client how to treat the answer.
enum class Security : std::uint8_t {
  fdx,      // data for machines: never stored
  browser,  // pages for people: not framed by others; storing is the upstream's business
  none,
};
constexpr auto option_names(Security) {
  return std::array<std::pair<std::string_view, Security>, 3>{
      {{"fdx", Security::fdx}, {"browser", Security::browser}, {"none", Security::none}}};
}

struct ResponseRules {
  std::vector<std::string> strip;  // folded
  Security security = Security::fdx;
};

// dress_response removes what tells about the upstream or is never for clients, and sets the
// interaction id and the security fields, replacing the upstream's.
void dress_response(const policy::Exchange& exchange, http::ResponseHead& head,
                    const ResponseRules& rules);

}  // namespace sallyport::headers
