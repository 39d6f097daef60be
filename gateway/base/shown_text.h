#pragma once

// Text that others chose, as it may be shown to an operator.

#include <string>
#include <string_view>

namespace sallyport {

enum class LineFeeds { escaped, kept };

// shown_text writes every hidden character (utf8.h) as \u and four digits, and U+FFFD for what is
// no UTF-8, so that nothing in `text` moves a terminal's cursor or begins a line. What JSON says
// stays the same.
std::string shown_text(std::string_view text, LineFeeds lines = LineFeeds::escaped);

}  // namespace sallyport
