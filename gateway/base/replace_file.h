#pragma once

// The one way in which a file is written.

#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace sallyport {

// replace_file puts `text` into the file at `path`, whole or not at all: into a new file beside it,
// to the disk, and renamed there; then the folder goes to the disk, too. No link is followed,
// neither one in the file's place nor one that somebody who may write to the folder has prepared. A
// new file gets mode 0644 less the process's mask. The error names the path.
Result<void> replace_file(const std::string& path, std::string_view text);

}  // namespace sallyport
