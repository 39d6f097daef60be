#pragma once

// What a configuration's text may consist of, checked before the YAML reader sees any of it: valid
// UTF-8 without characters that hide something from whoever reviews the file.

#include <memory>
#include <string>
#include <string_view>

#include "gateway/config/findings.h"

namespace sallyport::config {

// check_text adds a finding at the first character that may not be there, and returns whether all
// may. Refused are invalid UTF-8, control characters, a CR without LF, line and paragraph
// separators, byte order marks, bidirectional controls, YAML directives, and more flow punctuation
// than any configuration has nodes.
bool check_text(std::string_view text, const std::shared_ptr<const std::string>& file,
                Findings& findings);

}  // namespace sallyport::config
