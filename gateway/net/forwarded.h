#pragma once

// Who a request came from, as the proxies before us say it: the Forwarded field of RFC 7239, or the
// older X-Forwarded-For. Only what trusted proxies added is believed, so the list is walked from
// its end: every address that is a trusted proxy's own hands on to the one before it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include "gateway/net/endpoint.h"

namespace sallyport::net {

// ForwardedHop is what one proxy said of the one that it got the request from.
struct ForwardedHop {
  enum class Kind : std::uint8_t {
    address,
    hidden,     // "unknown", an obfuscated identifier (RFC 7239 section 6), or no `for` at all
    malformed,  // X-Forwarded-For only: not an address
  };
  Kind kind = Kind::malformed;
  Endpoint client;  // of Kind::address
};

enum class ForwardedViolation : std::uint8_t {
  malformed,
  hidden,  // whoever is not named cannot be judged
  too_many_hops,
};
// to_string is stable: a part of a log field.
std::string_view to_string(ForwardedViolation violation);

// ForwardedList collects the hops of all lines of one field, in their order. An overflow or a line
// that breaks the grammar makes the whole list one that cannot be believed.
class ForwardedList {
 public:
  // More proxies than anybody has in a row; a client can make the list longer, and is refused.
  static constexpr std::size_t kMaxHops = 32;

  // add_forwarded reads one line of Forwarded by the grammar of RFC 7239 section 4. It is read from
  // its beginning, since only that tells what is quoted: a quote that a client opened must not
  // hide what a proxy added.
  void add_forwarded(std::string_view line);
  // add_x_forwarded_for reads one line of addresses between commas, with or without ports. What
  // stands before the first address that counts is the client's own and may be anything.
  void add_x_forwarded_for(std::string_view line);

  // client returns who is the first that no trusted proxy vouches for any more, beginning at
  // `peer`, who is trusted. An empty list: the proxy speaks for itself.
  std::variant<Endpoint, ForwardedViolation> client(const Endpoint& peer,
                                                    const PrefixSet& trusted) const;

 private:
  void add(const ForwardedHop& hop);

  std::array<ForwardedHop, kMaxHops> hops_;
  std::size_t count_ = 0;
  bool is_malformed_ = false;
  bool is_too_long_ = false;
};

// parse_node reads `nodename [":" node-port]` of RFC 7239 section 6: hidden for "unknown" and
// obfuscated names, malformed for what is neither.
ForwardedHop parse_node(std::string_view text);

}  // namespace sallyport::net
