#pragma once

// What option tables say of themselves: the JSON Schema for editors and the reference for people.

#include <span>
#include <string>
#include <string_view>

#include "gateway/config/option.h"

namespace sallyport::config {

// schema_of returns a JSON Schema (draft 2020-12) of a whole document, indented, with a line end.
std::string schema_of(std::span<const Option> options, std::string_view title);

// object_schema (codec.h) is the same for a part: the text that raw_schema callbacks are made of.

// reference_of returns a Markdown table of all options, inner tables flattened: "tls.certificate",
// "listeners[].address", "upstreams.<name>.url". `prefix` stands before every name.
std::string reference_of(std::span<const Option> options, std::string_view prefix = {});

}  // namespace sallyport::config
