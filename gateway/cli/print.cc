#include "gateway/cli/print.h"

#include <cstdio>

#include "gateway/base/shown_text.h"

namespace sallyport::cli {

std::string shown(std::string_view text) { return shown_text(text); }

void put(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }
void put_error(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

void say_document(std::string_view text) { put(shown_text(text, LineFeeds::kept)); }

}  // namespace sallyport::cli
