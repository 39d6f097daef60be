#pragma once

// Internet addresses, prefixes and sets of them. IPv4-mapped IPv6 (::ffff:a.b.c.d) is folded to
// IPv4 at the door, so that one client has one spelling.

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"

namespace sallyport::net {

enum class Family : std::uint8_t { none, v4, v6 };

// Address is an IPv4 or IPv6 address, without port or zone.
class Address {
 public:
  Address() = default;
  // parse accepts the textual forms of inet_pton and nothing else; folds ::ffff:a.b.c.d.
  static std::optional<Address> parse(std::string_view text);
  // from_socket returns the address in a socket address; Family::none for Unix sockets.
  static Address from_socket(const sockaddr* address);
  static Address from_v4(std::uint32_t host_order);
  static Address from_v6(const std::array<std::uint8_t, 16>& bytes);

  Family family() const { return family_; }
  // bits is the number of bits in this family: 32 or 128.
  int bits() const { return family_ == Family::v4 ? 32 : 128; }
  // bytes are in network order; an IPv4 address uses the first four.
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  std::string text() const;
  bool is_loopback() const;

  friend bool operator==(const Address&, const Address&) = default;
  friend auto operator<=>(const Address&, const Address&) = default;

 private:
  Family family_ = Family::none;
  std::array<std::uint8_t, 16> bytes_{};
};

// Prefix is an address block; host bits are zero.
class Prefix {
 public:
  // parse accepts "a.b.c.d/n", "x::y/n" or a bare address. Set host bits are an error: they are
  // more often a slip than a wish.
  static Result<Prefix> parse(std::string_view text);
  static Prefix of(Address address, int length);

  const Address& first() const { return first_; }
  Address last() const;
  int length() const { return length_; }
  bool contains(const Address& address) const;
  std::string text() const;

 private:
  Address first_;
  int length_ = 0;
};

// PrefixSet answers "is this address in any of the blocks" in time logarithmic in their number.
// Immutable once built.
class PrefixSet {
 public:
  PrefixSet() = default;

  class Builder {
   public:
    void add(const Prefix& prefix);
    void add_range(const Address& first, const Address& last);
    // add_text accepts a block, an address, or a range "first-last".
    Result<void> add_text(std::string_view text);
    PrefixSet build() &&;

   private:
    friend class PrefixSet;
    struct Range {
      Address first, last;
    };
    std::vector<Range> ranges_;
  };

  bool contains(const Address& address) const;
  bool empty() const { return v4_.empty() && v6_.empty(); }
  // size is the number of disjoint ranges.
  std::size_t size() const { return v4_.size() + v6_.size(); }

 private:
  struct V4Range {
    std::uint32_t first, last;
  };
  struct V6Range {
    std::array<std::uint64_t, 2> first, last;  // host order, most significant first
  };
  std::vector<V4Range> v4_;  // sorted, disjoint
  std::vector<V6Range> v6_;
};

}  // namespace sallyport::net
