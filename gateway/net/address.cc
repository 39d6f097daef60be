#include "gateway/net/address.h"

#include <arpa/inet.h>

#include <cstring>

#include "gateway/base/check.h"

namespace sallyport::net {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// dotted renders an IPv4 address: several times a request, where inet_ntop would take its detour
// over printf.
std::string dotted(const std::array<std::uint8_t, 16>& bytes) {
  char text[INET_ADDRSTRLEN];
  char* at = text;
  for (std::size_t i = 0; i < 4; ++i) {
    if (i > 0) *at++ = '.';
    const unsigned octet = bytes[i];
    if (octet >= 100) *at++ = static_cast<char>('0' + octet / 100);
    if (octet >= 10) *at++ = static_cast<char>('0' + octet / 10 % 10);
    *at++ = static_cast<char>('0' + octet % 10);
  }
  return std::string(text, at);
}

}  // namespace

std::optional<Address> Address::parse(std::string_view text) {
  // inet_pton wants a C string; a longer text than the longest address is none.
  char copy[INET6_ADDRSTRLEN];
  if (text.empty() || text.size() >= sizeof copy) return std::nullopt;
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';

  std::array<std::uint8_t, 16> bytes{};
  if (text.find(':') != std::string_view::npos) {
    if (inet_pton(AF_INET6, copy, bytes.data()) != 1) return std::nullopt;
    return from_v6(bytes);
  }
  in_addr v4{};
  if (inet_pton(AF_INET, copy, &v4) != 1) return std::nullopt;
  return from_v4(ntohl(v4.s_addr));
}

Address Address::from_socket(const sockaddr* address) {
  // The copies keep us from reading a sockaddr through a pointer of another type.
  if (address->sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, address, sizeof v4);
    return from_v4(ntohl(v4.sin_addr.s_addr));
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, address, sizeof v6);
    std::array<std::uint8_t, 16> bytes;
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return from_v6(bytes);
  }
  return {};
}

Address Address::from_v4(std::uint32_t host_order) {
  Address address;
  address.family_ = Family::v4;
  for (unsigned i = 0; i < 4; ++i) {
    address.bytes_[i] = static_cast<std::uint8_t>(host_order >> (24 - 8 * i));
  }
  return address;
}

Address Address::from_v6(const std::array<std::uint8_t, 16>& bytes) {
  Address address;
  // RFC 4291 section 2.5.5.2: an IPv4-mapped address is the IPv4 node itself.
  if (std::memcmp(bytes.data(), kMappedPrefix.data(), kMappedPrefix.size()) == 0) {
    address.family_ = Family::v4;
    std::memcpy(address.bytes_.data(), bytes.data() + kMappedPrefix.size(), 4);
    return address;
  }
  address.family_ = Family::v6;
  address.bytes_ = bytes;
  return address;
}

std::string Address::text() const {
  if (family_ == Family::none) return "none";
  if (family_ == Family::v4) return dotted(bytes_);
  char text[INET6_ADDRSTRLEN];
  SALLYPORT_CHECK(inet_ntop(AF_INET6, bytes_.data(), text, sizeof text) != nullptr);
  return text;
}

bool Address::is_loopback() const {
  if (family_ == Family::v4) return bytes_[0] == 127;
  if (family_ == Family::none) return false;
  std::array<std::uint8_t, 16> loopback{};
  loopback[15] = 1;
  return bytes_ == loopback;
}

}  // namespace sallyport::net
