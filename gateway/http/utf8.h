#pragma once

// Utf8Check accepts octets one at a time and says whether they can be UTF-8 in its shortest form
// (RFC 3629 section 4): no overlong forms, no surrogates, nothing beyond U+10FFFF.

#include <cstdint>

namespace sallyport::http {

class Utf8Check {
 public:
  // accept returns false when `octet` cannot come next.
  bool accept(std::uint8_t octet) {
    if (missing_ > 0) {
      if (octet < low_ || octet > high_) return false;
      low_ = 0x80;
      high_ = 0xbf;
      --missing_;
      return true;
    }
    return begin(octet);
  }

  // is_complete says whether the octets so far end with a whole character.
  bool is_complete() const { return missing_ == 0; }

 private:
  bool begin(std::uint8_t octet) {
    if (octet < 0x80) return true;
    if (octet < 0xc2 || octet > 0xf4) return false;  // continuation, overlong, beyond the last
    low_ = octet == 0xe0 ? 0xa0 : octet == 0xf0 ? 0x90 : 0x80;   // overlong of 3 and 4 octets
    high_ = octet == 0xed ? 0x9f : octet == 0xf4 ? 0x8f : 0xbf;  // surrogates, > U+10FFFF
    missing_ = octet < 0xe0 ? 1 : octet < 0xf0 ? 2 : 3;
    return true;
  }

  int missing_ = 0;
  std::uint8_t low_ = 0x80;
  std::uint8_t high_ = 0xbf;
};

}  // namespace sallyport::http
