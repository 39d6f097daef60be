#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

#include "gateway/json/json.h"
#include "gateway/json/utf8.h"

namespace sallyport::json {
namespace {

constexpr bool is_plain_char(char c) {
  return c >= 0x20 && c != 0x7f && c != '"' && c != '\\';  // a char beyond ASCII is negative
}

// word_is_plain asks the same of eight octets at once: in each step, the highest bit of an octet
// says that it is one of those asked for (Hacker's Delight, section 6-1, "find first 0-byte"). What
// is beyond ASCII has that bit itself.
bool word_is_plain(const char* at) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHigh = 0x80 * kOnes;
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  const auto holds = [word](std::uint64_t octet) {
    const std::uint64_t differs = word ^ octet * kOnes;
    return (differs - kOnes) & ~differs;
  };
  const std::uint64_t controls = (word - 0x20 * kOnes) & ~word;
  return ((word | controls | holds('"') | holds('\\') | holds(0x7f)) & kHigh) == 0;
}

// plain_length counts the characters at the beginning that stand for themselves: most text is all
// of it.
std::size_t plain_length(std::string_view text) {
  std::size_t at = 0;
  while (at + sizeof(std::uint64_t) <= text.size() && word_is_plain(text.data() + at)) {
    at += sizeof(std::uint64_t);
  }
  while (at < text.size() && is_plain_char(text[at])) ++at;
  return at;
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
  if (static_cast<unsigned char>(c) < 0x20) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    to += "\\u00";
    to += kDigits[static_cast<std::size_t>(c) >> 4];
    to += kDigits[static_cast<std::size_t>(c) & 15];
  } else {
    to += c;
  }
}

}  // namespace

bool is_plain(std::string_view text) { return plain_length(text) == text.size(); }

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
      to += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(1, length));
  }
  to += '"';
}

}  // namespace sallyport::json
