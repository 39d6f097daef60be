#pragma once

// The words of error messages that all options share.

#include <span>
#include <string>
#include <string_view>

namespace sallyport::config {

// quoted renders text from a file for a message: in quotation marks, control characters escaped,
// cut where it gets long.
std::string quoted(std::string_view text);

// choices renders "a, b or c".
std::string choices(std::span<const std::string_view> names);

// suggestion renders `; did you mean "x"?` when one of the names is near to `word`, or else
// `; <lead> a, b or c`, where `lead` is such as "known here:".
std::string suggestion(std::string_view word, std::span<const std::string_view> names,
                       std::string_view lead);

// json_quoted renders text of ours (valid UTF-8) as a JSON string.
std::string json_quoted(std::string_view text);

}  // namespace sallyport::config
