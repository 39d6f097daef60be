#pragma once

// Reading certificate and key files, whole and once: what was checked is what is used. Control
// thread only.

#include <cstddef>
#include <string>

#include "gateway/base/result.h"

namespace sallyport::tls {

struct FileText {
  std::string text;
  bool others_can_read = false;  // anybody on this machine
};

// read_file fails with the path in the text, also on a file larger than `limit`.
Result<FileText> read_file(const std::string& path, std::size_t limit);

}  // namespace sallyport::tls
