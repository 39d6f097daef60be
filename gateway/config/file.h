#pragma once

// Reading a small regular file whole, for configurations and the secrets that they name.

#include <cstddef>
#include <string>

#include "gateway/base/result.h"
#include "gateway/config/node.h"

namespace sallyport::config {

struct FileContent {
  std::string bytes;
  bool is_world_readable = false;
};

// read_file reads `path` if it is a regular file (or a link to one) of at most `max_bytes`. It
// never waits for a pipe or a device. The error is a sentence without the path.
Result<FileContent> read_file(const std::string& path, std::size_t max_bytes);

// resolve_path returns `path` as seen from the folder of the file in which `node` stands.
std::string resolve_path(const Node& node, const std::string& path);

}  // namespace sallyport::config
