// Version 1: one line of text (section 2.1).

#include "gateway/net/proxy_line.h"

#include <algorithm>
#include <array>
#include <optional>

#include "gateway/base/text.h"

namespace sallyport::net {
namespace {

// Words are separated by exactly one space.
std::string_view next_word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

// An address must be of the family that the line names: an IPv6 one has a colon, also when it is an
// IPv4 address in IPv6 form.
std::optional<Address> address_of(std::string_view word, bool is_v6) {
  if ((word.find(':') != std::string_view::npos) != is_v6) return std::nullopt;
  return Address::parse(word);
}

std::optional<std::uint16_t> port_of(std::string_view word) {
  if (word.size() > 1 && word.front() == '0') return std::nullopt;
  return parse_decimal<std::uint16_t>(word);
}

ProxyResult parse_addresses(std::string_view line, bool is_v6, ProxyHeader header) {
  // A word too many or too few moves the line's end out of place.
  if (std::count(line.begin(), line.end(), ' ') != 3) return ProxyViolation::bad_line;
  for (Endpoint* end : {&header.source, &header.destination}) {
    const auto address = address_of(next_word(line), is_v6);
    if (!address) return ProxyViolation::bad_address;
    end->address = *address;
  }
  for (Endpoint* end : {&header.source, &header.destination}) {
    const auto port = port_of(next_word(line));
    if (!port) return ProxyViolation::bad_port;
    end->port = *port;
  }
  return header;
}

}  // namespace

ProxyResult parse_proxy_line(std::string_view bytes) {
  const std::string_view window = bytes.substr(0, kMaxProxyLine);
  const std::size_t end = window.find('\n');
  if (end == std::string_view::npos) {
    if (window.size() == kMaxProxyLine) return ProxyViolation::too_long;
    return ProxyNeedsMore{};
  }
  std::string_view line =
      window.substr(kProxyLineSignature.size(), end - kProxyLineSignature.size());
  if (line.empty() || line.back() != '\r') return ProxyViolation::bad_line;
  line.remove_suffix(1);

  ProxyHeader header;
  header.version = 1;
  header.length = end + 1;
  const std::string_view protocol = next_word(line);
  if (protocol == "TCP4") return parse_addresses(line, false, header);
  if (protocol == "TCP6") return parse_addresses(line, true, header);
  // Of UNKNOWN the receiver must ignore whatever follows.
  if (protocol == "UNKNOWN") return header;
  return ProxyViolation::bad_protocol;
}

}  // namespace sallyport::net
