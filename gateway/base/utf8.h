#pragma once

// UTF-8 as RFC 3629 has it, and the characters that may not reach a terminal or a log as they are.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sallyport {

// Utf8Check accepts octets one at a time and says whether they can be UTF-8 in its shortest form
// (RFC 3629 section 4): no overlong forms, no surrogates, nothing beyond U+10FFFF.
class Utf8Check {
 public:
  // accept returns false when `octet` cannot come next.
  constexpr bool accept(std::uint8_t octet) {
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
  constexpr bool is_complete() const { return missing_ == 0; }

 private:
  constexpr bool begin(std::uint8_t octet) {
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

// utf8_length returns the length of the valid character that `text` starts with, or 0.
constexpr std::size_t utf8_length(std::string_view text) {
  Utf8Check check;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!check.accept(static_cast<std::uint8_t>(text[i]))) return 0;
    if (check.is_complete()) return i + 1;
  }
  return 0;
}

// utf8_value returns the character of a valid sequence, whole and alone.
constexpr std::uint32_t utf8_value(std::string_view sequence) {
  const auto lead = static_cast<unsigned char>(sequence.front());
  if (sequence.size() == 1) return lead;
  std::uint32_t value = lead & (0x7FU >> sequence.size());
  for (const char c : sequence.substr(1)) {
    value = value << 6 | (static_cast<unsigned char>(c) & 0x3FU);
  }
  return value;
}

// is_hidden: characters that a reader does not see, but that change what is seen. The controls C0,
// DEL and C1 move the cursor, set titles and colours; line and paragraph separators begin a line;
// the marks, embeddings, overrides and isolates of Unicode Annex 9 turn the direction of what
// follows.
constexpr bool is_hidden(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || c == 0x200E || c == 0x200F ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

}  // namespace sallyport
