#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

#include "gateway/base/utf8.h"
#include "gateway/json/json.h"

namespace sallyport::json {
namespace {

constexpr bool is_plain_char(char c) {
  return c >= 0x20 && c != 0x7f && c != '"' && c != '\\';  // a char beyond ASCII is negative
}

#ifdef __SSE2__
// is_plain_block asks it of 16 octets. As a signed number, what is beyond ASCII is less than a
// space, too.
bool is_plain_block(__m128i block) {
  const auto holds = [block](char octet) { return _mm_cmpeq_epi8(block, _mm_set1_epi8(octet)); };
  const __m128i special =
      _mm_or_si128(_mm_or_si128(_mm_cmplt_epi8(block, _mm_set1_epi8(0x20)), holds(0x7f)),
                   _mm_or_si128(holds('"'), holds('\\')));
  return _mm_movemask_epi8(special) == 0;
}

bool words_are_plain(std::uint64_t first, std::uint64_t second) {
  return is_plain_block(
      _mm_set_epi64x(static_cast<long long>(second), static_cast<long long>(first)));
}

bool word_is_plain(std::uint64_t word) { return words_are_plain(word, word); }

bool block_is_plain(const char* at) {
  return is_plain_block(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
}
#else
// word_is_plain asks the same of eight octets at once: in each step, the highest bit of an octet
// says that it is one of those asked for (Hacker's Delight, section 6-1, "find first 0-byte"). What
// is beyond ASCII has that bit itself.
bool word_is_plain(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHigh = 0x80 * kOnes;
  const auto holds = [word](std::uint64_t octet) {
    const std::uint64_t differs = word ^ octet * kOnes;
    return (differs - kOnes) & ~differs;
  };
  const std::uint64_t controls = (word - 0x20 * kOnes) & ~word;
  return ((word | controls | holds('"') | holds('\\') | holds(0x7f)) & kHigh) == 0;
}

bool words_are_plain(std::uint64_t first, std::uint64_t second) {
  return word_is_plain(first) && word_is_plain(second);
}
#endif

template <class Word>
std::uint64_t read(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

bool word_is_plain(const char* at) { return word_is_plain(read<std::uint64_t>(at)); }

// few_are_plain asks it of one to seven: some of them twice, and spaces where nothing is.
bool few_are_plain(std::string_view text) {
  const char* const last = text.data() + text.size() - 1;
  if (text.size() >= 4)
    return word_is_plain(read<std::uint32_t>(text.data()) | read<std::uint32_t>(last - 3) << 32);
  constexpr std::uint64_t kSpaces = 0x2020202020000000;
  return word_is_plain(kSpaces | read<std::uint8_t>(text.data()) |
                       read<std::uint8_t>(text.data() + text.size() / 2) << 8 |
                       read<std::uint8_t>(last) << 16);
}

// plain_length counts the characters at the beginning that stand for themselves: most text is all
// of it.
std::size_t plain_length(std::string_view text) {
  std::size_t at = 0;
#ifdef __SSE2__
  while (at + 16 <= text.size() && block_is_plain(text.data() + at)) at += 16;
#endif
  while (at + sizeof(std::uint64_t) <= text.size() && word_is_plain(text.data() + at)) {
    at += sizeof(std::uint64_t);
  }
  while (at < text.size() && is_plain_char(text[at])) ++at;
  return at;
}

// append_character appends a valid sequence of UTF-8, escaped where readers would not see it: RFC
// 8259 demands that of C0 only, but logs and answers are looked at on terminals.
void append_character(std::string& to, std::string_view sequence) {
  const std::uint32_t value = utf8_value(sequence);
  if (!is_hidden(value)) {
    to += sequence;
    return;
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  to += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) to += kDigits[value >> shift & 15];
}

// RFC 8259 section 7: what must be escaped, with the short form where there is one.
void append_escaped(std::string& to, char c) {
  switch (c) {
    case '"':
      to += "\\\"";
      return;
    case '\\':
      to += "\\\\";
      return;
    case '\n':
      to += "\\n";
      return;
    case '\r':
      to += "\\r";
      return;
    case '\t':
      to += "\\t";
      return;
    default:
      break;
  }
  append_character(to, {&c, 1});
}

}  // namespace

// The last step looks at some characters again rather than at each of the rest: most texts of a log
// line are shorter than two steps.
bool is_plain(std::string_view text) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  if (text.size() < kWord) return text.empty() || few_are_plain(text);
  std::size_t at = 0;
#ifdef __SSE2__
  if (text.size() >= 16) {
    for (; at + 16 < text.size(); at += 16) {
      if (!block_is_plain(text.data() + at)) return false;
    }
    return block_is_plain(text.data() + text.size() - 16);
  }
#endif
  for (; at + 2 * kWord < text.size(); at += kWord) {
    if (!word_is_plain(text.data() + at)) return false;
  }
  return words_are_plain(read<std::uint64_t>(text.data() + at),
                         read<std::uint64_t>(text.data() + text.size() - kWord));
}

void append_quoted(std::string& to, std::string_view text) {
  to += '"';
  while (!text.empty()) {
    const std::size_t plain = plain_length(text);
    to.append(text, 0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      to += "\xEF\xBF\xBD";
    } else if (length == 1) {
      append_escaped(to, text.front());
    } else {
      append_character(to, text.substr(0, length));
    }
    text.remove_prefix(std::max<std::size_t>(1, length));
  }
  to += '"';
}

}  // namespace sallyport::json
