#pragma once

// Looks at the pages of an LMDB file before LMDB maps it: the library trusts what it maps, and a
// file that was cut short or overwritten ends the process with a signal that names no file.

#include <cstddef>

#include "gateway/base/result.h"

namespace sallyport::clients {

// LmdbShape is what a good file is made of.
struct LmdbShape {
  bool is_new = false;      // the file is empty: LMDB will begin it
  std::size_t pages = 0;    // that are in use
  std::size_t entries = 0;  // of the database without a name
};

// check_lmdb reads every page that the file's newest state refers to (format version 1 of LMDB 0.9,
// 64 bit words of this machine): that it is there, says that it is itself, and holds nodes that lie
// inside it. The error is a sentence without the file's name.
Result<LmdbShape> check_lmdb(int fd);

}  // namespace sallyport::clients
