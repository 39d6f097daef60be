#pragma once

// Decimal numbers as RFC 8259 section 6 writes them, read without a double in between.

#include <optional>
#include <string_view>

#include "gateway/json/json.h"

namespace sallyport::json {

// whole_of reads a number that was accepted by the reader. It takes time by the length of the text
// and no memory, whatever the exponent.
std::optional<Whole> whole_of(std::string_view number);

}  // namespace sallyport::json
