#pragma once

// SerialSet is a set of certificate serial numbers, packed and sorted: what a large revocation list
// comes down to.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace sallyport::crypto {

class SerialSet {
 public:
  // RFC 5280 section 4.1.2.2: no serial number is longer.
  static constexpr std::size_t kMaxBytes = 20;

  // add takes the content octets of the INTEGER; false when there are too many of them. Nothing is
  // found before seal.
  bool add(std::string_view serial);
  void seal();

  // contains takes the serial number as CertificateView has it, in hexadecimal; nothing when it is
  // no serial number that the set could hold.
  std::optional<bool> contains(std::string_view hex) const;
  std::size_t size() const { return serials_.size(); }

 private:
  using Serial = std::array<std::uint8_t, kMaxBytes>;  // right-aligned
  std::vector<Serial> serials_;
};

}  // namespace sallyport::crypto
