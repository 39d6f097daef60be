// Which version it is, and version 2: a binary header (section 2.2).

#include "gateway/net/proxy_header.h"

#include <algorithm>
#include <array>

#include "gateway/net/crc32c.h"
#include "gateway/net/proxy_line.h"

namespace sallyport::net {
namespace {

constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kFixedPart = 16;

// Families with their transport, byte 14. Datagrams do not come to a listener of streams.
constexpr std::uint8_t kUnspecified = 0x00;
constexpr std::uint8_t kTcp4 = 0x11;
constexpr std::uint8_t kTcp6 = 0x21;
constexpr std::uint8_t kUnixStream = 0x31;
constexpr std::size_t kUnixAddresses = 216;

// Types of TLVs (section 2.2).
constexpr std::uint8_t kAlpn = 0x01;
constexpr std::uint8_t kAuthority = 0x02;
constexpr std::uint8_t kChecksum = 0x03;
constexpr std::uint8_t kUniqueId = 0x05;
constexpr std::size_t kMaxUniqueId = 128;

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

std::uint16_t number_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
}

Address v4_at(std::string_view bytes, std::size_t at) {
  return Address::from_v4(static_cast<std::uint32_t>(number_at(bytes, at)) << 16 |
                          number_at(bytes, at + 2));
}

Address v6_at(std::string_view bytes, std::size_t at) {
  std::array<std::uint8_t, 16> address;
  for (std::size_t i = 0; i < address.size(); ++i) address[i] = byte_at(bytes, at + i);
  return Address::from_v6(address);
}

// Reader reads one whole header of version 2.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes), rest_(bytes.substr(kFixedPart)) {
    header_.version = 2;
    header_.length = bytes.size();
  }

  ProxyResult read() {
    if (byte_at(bytes_, 12) == 0x20) {
      // LOCAL: the receiver must discard the protocol block, the family included.
      header_.is_local = true;
      return header_;
    }
    if (!read_addresses() || !read_tlvs()) return violation_;
    return header_;
  }

 private:
  bool fail(ProxyViolation violation) {
    violation_ = violation;
    return false;
  }

  bool read_addresses() {
    switch (byte_at(bytes_, 13)) {
      case kTcp4:
        return read_endpoints(4, v4_at);
      case kTcp6:
        return read_endpoints(16, v6_at);
      case kUnixStream:
        return skip(kUnixAddresses);
      case kUnspecified:
        return true;
      default:
        return fail(ProxyViolation::bad_protocol);
    }
  }

  bool read_endpoints(std::size_t width, Address (*address_at)(std::string_view, std::size_t)) {
    const std::string_view block = rest_;
    if (!skip(2 * width + 4)) return false;
    header_.source = {address_at(block, 0), number_at(block, 2 * width)};
    header_.destination = {address_at(block, width), number_at(block, 2 * width + 2)};
    return true;
  }

  bool skip(std::size_t size) {
    if (rest_.size() < size) return fail(ProxyViolation::bad_length);
    rest_.remove_prefix(size);
    return true;
  }

  bool read_tlvs() {
    while (!rest_.empty()) {
      if (rest_.size() < 3) return fail(ProxyViolation::bad_tlv);
      const std::uint8_t type = byte_at(rest_, 0);
      const std::size_t length = number_at(rest_, 1);
      rest_.remove_prefix(3);
      if (rest_.size() < length) return fail(ProxyViolation::bad_tlv);
      if (!take_tlv(type, rest_.substr(0, length))) return false;
      rest_.remove_prefix(length);
    }
    return true;
  }

  // Types that are not known mean nothing to us, and may come more than once.
  bool take_tlv(std::uint8_t type, std::string_view value) {
    switch (type) {
      case kAlpn:
        header_.alpn = value;
        return true;
      case kAuthority:
        header_.authority = value;
        return true;
      case kUniqueId:
        header_.unique_id = value;
        return value.size() <= kMaxUniqueId || fail(ProxyViolation::bad_tlv);
      case kChecksum:
        return check(value);
      default:
        return true;
    }
  }

  // The checksum is of the whole header with its own four bytes taken as zero.
  bool check(std::string_view value) {
    if (value.size() != 4 || header_.has_checksum) return fail(ProxyViolation::bad_tlv);
    header_.has_checksum = true;
    const auto at = static_cast<std::size_t>(value.data() - bytes_.data());
    Crc32c crc;
    crc.add(bytes_.substr(0, at));
    crc.add(std::string_view("\0\0\0\0", 4));
    crc.add(bytes_.substr(at + 4));
    const std::uint32_t said =
        static_cast<std::uint32_t>(number_at(value, 0)) << 16 | number_at(value, 2);
    return crc.value() == said || fail(ProxyViolation::bad_checksum);
  }

  const std::string_view bytes_;
  std::string_view rest_;
  ProxyHeader header_;
  ProxyViolation violation_{};
};

ProxyResult parse_binary(std::string_view bytes) {
  // What is wrong is said as early as it shows.
  if (bytes.size() > 12) {
    const std::uint8_t what = byte_at(bytes, 12);
    if (what >> 4 != 2) return ProxyViolation::bad_version;
    if ((what & 0xf) > 1) return ProxyViolation::bad_command;
  }
  if (bytes.size() < kFixedPart) return ProxyNeedsMore{};
  const std::size_t length = kFixedPart + number_at(bytes, 14);
  if (length > kMaxProxyHeader) return ProxyViolation::too_long;
  if (bytes.size() < length) return ProxyNeedsMore{};
  return Reader(bytes.substr(0, length)).read();
}

bool may_become(std::string_view bytes, std::string_view signature) {
  return signature.starts_with(bytes.substr(0, signature.size()));
}

}  // namespace

ProxyResult parse_proxy_header(std::string_view bytes) {
  if (bytes.starts_with(kSignature)) return parse_binary(bytes);
  if (bytes.starts_with(kProxyLineSignature)) return parse_proxy_line(bytes);
  if (may_become(bytes, kSignature) || may_become(bytes, kProxyLineSignature)) {
    return ProxyNeedsMore{};
  }
  return ProxyViolation::no_header;
}

std::string_view to_string(ProxyViolation violation) {
  switch (violation) {
    case ProxyViolation::no_header:
      return "no_header";
    case ProxyViolation::too_long:
      return "too_long";
    case ProxyViolation::bad_line:
      return "bad_line";
    case ProxyViolation::bad_protocol:
      return "bad_protocol";
    case ProxyViolation::bad_address:
      return "bad_address";
    case ProxyViolation::bad_port:
      return "bad_port";
    case ProxyViolation::bad_version:
      return "bad_version";
    case ProxyViolation::bad_command:
      return "bad_command";
    case ProxyViolation::bad_length:
      return "bad_length";
    case ProxyViolation::bad_tlv:
      return "bad_tlv";
    case ProxyViolation::bad_checksum:
      return "bad_checksum";
    case ProxyViolation::no_checksum:
      return "no_checksum";
  }
  return "unknown";
}

}  // namespace sallyport::net
