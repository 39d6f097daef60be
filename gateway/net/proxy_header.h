#pragma once

// The PROXY protocol, versions 1 and 2
// (https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt): a balancer that carries
// connections below TLS says first whose they are. A strict reading: what a sender must not write
// is a violation, and there is no guessing whether a header is there.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include "gateway/net/endpoint.h"

namespace sallyport::net {

// The longest header of version 1 with its line end (section 2.1), and the longest of version 2
// that is read. The protocol allows 64 KiB; what balancers send is far below this.
inline constexpr std::size_t kMaxProxyLine = 107;
inline constexpr std::size_t kMaxProxyHeader = 4096;

enum class ProxyViolation : std::uint8_t {
  no_header,  // the bytes begin with neither signature
  too_long,
  bad_line,      // version 1: not the words that it must be
  bad_protocol,  // neither TCP over IPv4 or IPv6 nor unknown
  bad_address,   // no address, or not of the family that was said
  bad_port,
  bad_version,
  bad_command,
  bad_length,  // the addresses do not fit into the length
  bad_tlv,     // a type-length-value goes beyond the header, or breaks a rule of its type
  bad_checksum,
  no_checksum,  // there is none, and one is demanded
};
// to_string is stable: a part of a log field.
std::string_view to_string(ProxyViolation violation);

// ProxyHeader is a header that was read whole. Its views point into the bytes that were parsed.
struct ProxyHeader {
  int version = 0;
  std::size_t length = 0;  // of the header; the client's own bytes follow
  // LOCAL: the balancer speaks for itself, as in a health check.
  bool is_local = false;
  // Where the connection came from and went to. Unknown for LOCAL, UNKNOWN, UNSPEC and Unix
  // sockets: the socket's own addresses hold then.
  Endpoint source;
  Endpoint destination;
  bool has_checksum = false;
  std::string_view alpn;
  std::string_view authority;
  std::string_view unique_id;
};

struct ProxyNeedsMore {};
using ProxyResult = std::variant<ProxyNeedsMore, ProxyHeader, ProxyViolation>;

// parse_proxy_header reads the header at the beginning of `bytes`, which may be any part of the
// stream: a verdict does not change when more bytes come. It never needs more than
// kMaxProxyHeader bytes.
ProxyResult parse_proxy_header(std::string_view bytes);

}  // namespace sallyport::net
