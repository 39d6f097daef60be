#pragma once

// UTF-8 as RFC 3629 has it, and the characters that may not reach a terminal or a log as they are.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sallyport {

// utf8_length returns the length of the valid sequence that `text` starts with, or 0 (RFC 3629
// section 4: no overlong forms, no surrogates, nothing above U+10FFFF).
inline std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  const unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return length;
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
