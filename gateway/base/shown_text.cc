#include "gateway/base/shown_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "gateway/base/utf8.h"

namespace sallyport {

std::string shown_text(std::string_view text, LineFeeds lines) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view sequence = text.substr(0, std::max<std::size_t>(1, length));
    text.remove_prefix(sequence.size());
    if (length == 0) {
      out += "\xEF\xBF\xBD";
      continue;
    }
    const std::uint32_t value = utf8_value(sequence);
    if (!is_hidden(value) || (value == '\n' && lines == LineFeeds::kept)) {
      out += sequence;
      continue;
    }
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) out += kDigits[value >> shift & 15];
  }
  return out;
}

}  // namespace sallyport
