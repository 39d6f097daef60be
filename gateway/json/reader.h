#pragma once

// Fills a document. simdjson finds, checks and decodes the tokens; what RFC 8259 leaves open, and
// this gateway does not, is refused here: repeated names, NUL, depth, numbers that do not fit.

#include <string_view>

#include "gateway/json/document.h"
#include "gateway/json/json.h"

namespace sallyport::json {

// read fills an empty `document`. On an error that is of no use, and `flaw` says the kind.
Result<void> read(std::string_view text, int max_depth, Document& document, Flaw& flaw);

}  // namespace sallyport::json
