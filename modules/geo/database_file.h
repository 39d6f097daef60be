#pragma once

// How a database file is read: whole, and never while somebody writes it.

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>

#include "gateway/base/result.h"

namespace sallyport::geo {

// FileStamp changes with everything that happens to a file: it counts the change of its content and
// of its name (ctime), and nobody can set it back, as rsync does with the time of modification.
struct FileStamp {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  std::int64_t changed_ns = 0;  // Unix time
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

// stamp_of follows links, so that switching a link counts as a change. Nothing: it is not there.
std::optional<FileStamp> stamp_of(const std::string& path);

struct FileImage {
  std::string bytes;
  FileStamp stamp;
};

// read_image reads a regular file of at most `max_bytes`; nothing when it changes meanwhile. The
// error does not name the file.
Result<std::optional<FileImage>> read_image(const std::string& path, std::size_t max_bytes);

}  // namespace sallyport::geo
