#include "gateway/http/authority.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "gateway/base/text.h"
#include "gateway/http/chars.h"

namespace sallyport::http {
namespace {

constexpr std::size_t kMaxHostName = 253;  // RFC 1035 section 2.3.4, in text form
constexpr std::size_t kMaxLabel = 63;

bool is_address(int family, std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  std::array<unsigned char, 16> bytes;
  if (text.empty() || text.size() >= terminated.size()) return false;
  std::ranges::copy(text, terminated.begin());
  return inet_pton(family, terminated.data(), bytes.data()) == 1;
}

// To some resolvers "127.1" and "0x7f.1" are addresses: a name whose last label is a number must be
// a whole one.
bool is_number(std::string_view label) {
  if (label.starts_with("0x") || label.starts_with("0X")) {
    return std::ranges::all_of(label.substr(2), [](char c) { return hex_value(c) >= 0; });
  }
  return std::ranges::all_of(label, is_digit);
}

std::optional<Violation> check_host_name(std::string_view host) {
  if (host.empty() || host.size() > kMaxHostName) return Violation::bad_host;
  if (host.back() == '.') return Violation::host_trailing_dot;
  std::string_view last;
  bool labels_good = true;
  for_each_piece(host, '.', [&](std::string_view label) {
    last = label;
    labels_good = labels_good && !label.empty() && label.size() <= kMaxLabel &&
                  is_all(label, kNameChar) && label.front() != '-' && label.back() != '-';
  });
  if (!labels_good) return Violation::bad_host;
  if (is_number(last) && !is_address(AF_INET, host)) return Violation::bad_host;
  return std::nullopt;
}

// split_host cuts `text` behind the host; what is left is empty or begins with ':'.
std::optional<Violation> split_host(std::string_view text, std::string_view& host) {
  if (!text.starts_with('[')) {
    host = text.substr(0, text.find(':'));
    return check_host_name(host);
  }
  const std::size_t end = text.find(']');
  if (end == std::string_view::npos) return Violation::bad_host;
  host = text.substr(0, end + 1);
  if (!is_address(AF_INET6, text.substr(1, end - 1))) return Violation::bad_host;
  return std::nullopt;
}

std::optional<std::uint16_t> parse_port(std::string_view digits) {
  if (digits.starts_with('0')) return std::nullopt;
  return parse_decimal<std::uint16_t>(digits);
}

std::string_view lower_case(std::string_view text, Arena& arena) {
  if (std::ranges::none_of(text, [](char c) { return c != to_lower(c); })) return text;
  char* const to = static_cast<char*>(arena.allocate(text.size(), 1));
  std::ranges::transform(text, to, to_lower);
  return {to, text.size()};
}

}  // namespace

std::variant<Authority, Violation> parse_authority(std::string_view raw, Arena& arena) {
  if (raw.find('@') != std::string_view::npos) return Violation::authority_userinfo;
  Authority authority;
  if (const auto violation = split_host(raw, authority.host)) return *violation;
  const std::string_view rest = raw.substr(authority.host.size());
  if (!rest.empty()) {
    if (rest.front() != ':') return Violation::bad_host;
    authority.port = parse_port(rest.substr(1));
    if (!authority.port) return Violation::bad_port;
  }
  authority.text = lower_case(raw, arena);
  authority.host = authority.text.substr(0, authority.host.size());
  return authority;
}

}  // namespace sallyport::http
