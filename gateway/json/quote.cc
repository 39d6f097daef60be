#include <algorithm>

#include "gateway/json/json.h"
#include "gateway/json/utf8.h"

namespace sallyport::json {
namespace {

// plain_length counts the characters at the beginning that stand for themselves: most text is all
// of it.
std::size_t plain_length(std::string_view text) {
  const auto* const end = std::find_if(text.begin(), text.end(), [](char c) {
    return c < 0x20 || c == 0x7f || c == '"' || c == '\\';  // a char beyond ASCII is negative
  });
  return static_cast<std::size_t>(end - text.begin());
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
