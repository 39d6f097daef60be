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

// utc_text renders Unix seconds as "2026-01-31T12:00:00Z".
std::string utc_text(std::int64_t unix_seconds);

}  // namespace sallyport::tls
