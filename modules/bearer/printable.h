#pragma once

#include <cstddef>
#include <string_view>

namespace sallyport::bearer {

// printable returns `text` for evidence when it is short plain ASCII without spaces and quotes, and
// a fixed word otherwise: what a token says of itself is the sender's choice.
constexpr std::string_view printable(std::string_view text) {
  constexpr std::size_t kMaxShown = 96;
  if (text.size() > kMaxShown) return "(too-long)";
  for (const char c : text) {
    if (c <= ' ' || c > '~' || c == '"' || c == '\\') return "(unprintable)";
  }
  return text;
}

}  // namespace sallyport::bearer
