#include "gateway/base/check.h"
#include "gateway/base/text.h"
#include "gateway/net/address.h"

namespace sallyport::net {
namespace {

Error mistake(std::string_view text, const char* problem) {
  constexpr std::size_t kMaxShown = 80;
  return {Fault::gateway, "\"" + std::string(text.substr(0, kMaxShown)) + "\": " + problem};
}

using Bytes = std::array<std::uint8_t, 16>;

// with_host_bits returns the bytes of `address` with every bit after the first `length` set to
// `bit`.
Bytes with_host_bits(const Address& address, int length, bool bit) {
  Bytes bytes = address.bytes();
  for (int at = length; at < address.bits(); ++at) {
    auto& byte = bytes[static_cast<std::size_t>(at / 8)];
    const auto mask = static_cast<std::uint8_t>(0x80 >> (at % 8));
    byte = static_cast<std::uint8_t>(bit ? byte | mask : byte & ~mask);
  }
  return bytes;
}

Address from_bytes(Family family, const Bytes& bytes) {
  if (family == Family::v6) return Address::from_v6(bytes);
  return Address::from_v4(static_cast<std::uint32_t>(bytes[0]) << 24 |
                          static_cast<std::uint32_t>(bytes[1]) << 16 |
                          static_cast<std::uint32_t>(bytes[2]) << 8 | bytes[3]);
}

}  // namespace

Prefix Prefix::of(Address address, int length) {
  SALLYPORT_CHECK(address.family() != Family::none);
  SALLYPORT_CHECK(length >= 0 && length <= address.bits());
  Prefix prefix;
  prefix.first_ = from_bytes(address.family(), with_host_bits(address, length, false));
  prefix.length_ = length;
  return prefix;
}

Result<Prefix> Prefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view address_text = text.substr(0, slash);
  const auto address = Address::parse(address_text);
  if (!address) return mistake(text, "no IP address (write a.b.c.d, x::y, or either with /length)");
  if (slash == std::string_view::npos) return of(*address, address->bits());

  const std::string_view length_text = text.substr(slash + 1);
  const bool padded = length_text.size() > 1 && length_text.front() == '0';
  auto length = parse_decimal<int>(length_text);
  if (!length || padded) return mistake(text, "the length after / is no number");

  // ::ffff:a.b.c.d/n counts its bits as IPv6, and is folded like the address.
  const bool folded =
      address->family() == Family::v4 && address_text.find(':') != std::string_view::npos;
  if (folded) *length -= 96;
  if (*length < 0 || *length > address->bits()) {
    return mistake(text, "the length after / does not fit this kind of address");
  }
  Prefix prefix = of(*address, *length);
  if (prefix.first_ != *address) {
    const std::string hint = "host bits are set; did you mean " + prefix.text() + "?";
    return mistake(text, hint.c_str());
  }
  return prefix;
}

Address Prefix::last() const {
  Bytes bytes = with_host_bits(first_, length_, true);
  const Address last = from_bytes(first_.family(), bytes);
  if (last.family() == first_.family()) return last;
  // ::/80 and its like end in the IPv4-mapped block. No IPv6 address is ever in there, as it is
  // folded, so the block ends right before it.
  bytes[11] = 0xfe;
  return Address::from_v6(bytes);
}

bool Prefix::contains(const Address& address) const {
  if (address.family() != first_.family()) return false;
  const auto whole = static_cast<std::size_t>(length_ / 8);
  for (std::size_t i = 0; i < whole; ++i) {
    if (address.bytes()[i] != first_.bytes()[i]) return false;
  }
  const int rest = length_ % 8;
  if (rest == 0) return true;
  return (address.bytes()[whole] ^ first_.bytes()[whole]) >> (8 - rest) == 0;
}

std::string Prefix::text() const { return first_.text() + "/" + std::to_string(length_); }

}  // namespace sallyport::net
