#pragma once

// What each octet may be, in one table: the parsers look here instead of comparing.

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace sallyport::http {

enum CharClass : std::uint16_t {
  kTokenChar = 1,        // tchar, RFC 9110 section 5.6.2
  kFieldChar = 2,        // VCHAR, obs-text, SP and HTAB, RFC 9110 section 5.5
  kUnreserved = 4,       // RFC 3986 section 2.3
  kPathChar = 8,         // pchar and "/" of RFC 3986 section 3.3, without "%" and ";"
  kQueryChar = 16,       // RFC 3986 section 3.4, without "%"
  kNameChar = 32,        // letters, digits, "-" and "_" of a host name's label
  kExtensionChar = 64,   // what a quoted chunk extension may hold unescaped
  kToken68Char = 128,    // token68 of RFC 9110 section 11.2, its padding included
  kPlainNameChar = 256,  // letters, digits and "-": what the names of ordinary fields are made of
  kH2NameChar = 512,     // tchar without upper case, RFC 9113 section 8.2.1
  kLaxQueryChar = 1024,  // not in RFC 3986's query, and yet sent by browsers as it was typed
};

namespace chars_detail {

constexpr bool is_one_of(char c, std::string_view set) {
  return set.find(c) != std::string_view::npos;
}

constexpr std::uint16_t classes_of(int octet) {
  const char c = static_cast<char>(octet);
  const bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  const bool unreserved = alnum || is_one_of(c, "-._~");
  const bool visible = octet > 0x20 && octet < 0x7f;
  int classes = 0;
  if (alnum || is_one_of(c, "!#$%&'*+-.^_`|~")) classes |= kTokenChar;
  if (visible || octet >= 0x80 || c == ' ' || c == '\t') classes |= kFieldChar;
  if ((classes & kTokenChar) != 0 && !(c >= 'A' && c <= 'Z')) classes |= kH2NameChar;
  if (unreserved) classes |= kUnreserved;
  if (unreserved || is_one_of(c, "!$&'()*+,=:@/")) classes |= kPathChar;
  if (unreserved || is_one_of(c, "!$&'()*+,=:@/;?")) classes |= kQueryChar;
  if (is_one_of(c, "[]{}|^")) classes |= kLaxQueryChar;
  if (alnum || c == '-' || c == '_') classes |= kNameChar;
  if ((visible || c == ' ' || c == '\t') && c != '"' && c != '\\') classes |= kExtensionChar;
  if (alnum || is_one_of(c, "-._~+/=")) classes |= kToken68Char;
  if (alnum || c == '-') classes |= kPlainNameChar;
  return static_cast<std::uint16_t>(classes);
}

constexpr std::array<std::uint16_t, 256> make_table() {
  std::array<std::uint16_t, 256> table{};
  for (int octet = 0; octet < 256; ++octet) {
    table[static_cast<std::size_t>(octet)] = classes_of(octet);
  }
  return table;
}

inline constexpr std::array<std::uint16_t, 256> kTable = make_table();

}  // namespace chars_detail

constexpr bool is_char(char c, CharClass wanted) {
  return (chars_detail::kTable[static_cast<unsigned char>(c)] & wanted) != 0;
}

#ifdef __SSE2__
// The same for 16 octets at once. Values are most of a head, and a token has some 800 octets: with
// the table, they were 4,000 instructions a request more.
inline bool is_field_block(const char* at) {
  const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1f)), block);
  const __m128i tab = _mm_cmpeq_epi8(block, _mm_set1_epi8('\t'));
  const __m128i del = _mm_cmpeq_epi8(block, _mm_set1_epi8(0x7f));
  return _mm_movemask_epi8(_mm_or_si128(_mm_andnot_si128(tab, control), del)) == 0;
}

inline bool is_token68_block(const char* at) {
  const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const auto is = [block](char c) { return _mm_cmpeq_epi8(block, _mm_set1_epi8(c)); };
  // is_within: from `first` on there are `count` octets in a row.
  const auto is_within = [](__m128i octets, char first, char count) {
    const __m128i distance = _mm_sub_epi8(octets, _mm_set1_epi8(first));
    return _mm_cmpeq_epi8(_mm_min_epu8(distance, _mm_set1_epi8(static_cast<char>(count - 1))),
                          distance);
  };
  const __m128i letter = is_within(_mm_or_si128(block, _mm_set1_epi8(0x20)), 'a', 26);
  const __m128i from_dash = is_within(block, '-', '9' - '-' + 1);  // "-./" and the digits
  const __m128i other =
      _mm_or_si128(_mm_or_si128(is('_'), is('~')), _mm_or_si128(is('+'), is('=')));
  const __m128i good = _mm_or_si128(_mm_or_si128(letter, from_dash), other);
  return _mm_movemask_epi8(good) == 0xffff;
}

constexpr std::ptrdiff_t kBlock = 16;

constexpr bool has_blocks(CharClass wanted) {
  return wanted == kFieldChar || wanted == kToken68Char;
}

inline bool is_block(const char* at, CharClass wanted) {
  return wanted == kFieldChar ? is_field_block(at) : is_token68_block(at);
}

// skip_blocks skips as many whole blocks as are of that class throughout.
[[gnu::always_inline]] inline const char* skip_blocks(const char* at, const char* end,
                                                      CharClass wanted) {
  while (end - at >= kBlock && is_block(at, wanted)) at += kBlock;
  return at;
}
#endif

// skip_all returns where the octets of that class end. It looks at eight in a step: heads are full
// of long values, and one test and jump for each octet is three times the work.
[[gnu::always_inline]] constexpr const char* skip_all(const char* at, const char* end,
                                                      CharClass wanted) {
  const auto classes = [](const char* c) {
    return chars_detail::kTable[static_cast<unsigned char>(*c)];
  };
#ifdef __SSE2__
  if (!std::is_constant_evaluated() && has_blocks(wanted)) at = skip_blocks(at, end, wanted);
#endif
  for (; end - at >= 8; at += 8) {
    const int common = classes(at) & classes(at + 1) & classes(at + 2) & classes(at + 3) &
                       classes(at + 4) & classes(at + 5) & classes(at + 6) & classes(at + 7);
    if ((common & wanted) == 0) break;
  }
  while (at != end && is_char(*at, wanted)) ++at;
  return at;
}

// is_all says whether every octet of `text` is of that class; true for an empty text.
[[gnu::always_inline]] constexpr bool is_all(std::string_view text, CharClass wanted) {
  const char* at = text.data();
  const char* const end = at + text.size();
#ifdef __SSE2__
  // The last block may begin in the one before.
  if (!std::is_constant_evaluated() && has_blocks(wanted) && end - at >= kBlock) {
    at = skip_blocks(at, end, wanted);
    return end - at < kBlock && is_block(end - kBlock, wanted);
  }
#endif
  return skip_all(at, end, wanted) == end;
}

}  // namespace sallyport::http
