#pragma once

// Copies of a store as text, for backups and repair: a first line `sallyport-store 1`, a line for
// each entry with key and value in base64, and a last line `end N` with their number, without which
// a copy that was cut short would look whole.

#include <cstddef>
#include <functional>
#include <istream>
#include <string>

#include "gateway/clients/lmdb_store.h"

namespace sallyport::clients {

// Longest line of a copy that is read.
inline constexpr std::size_t kMaxCopyLine = 1024 * 1024;

// export_store hands over line by line, each with its newline, and returns the number of entries.
Result<std::size_t> export_store(const LmdbStore& store,
                                 const std::function<void(const std::string& line)>& take);

// import_store puts all entries of a whole and good copy into a store that has none. With an error,
// which names the line, the store may hold a part of them.
Result<std::size_t> import_store(std::istream& copy, LmdbStore& store);

// export_older writes the entries into a new folder in the format before checksums, which earlier
// versions of the program read.
Result<std::size_t> export_older(const LmdbStore& store, const std::string& folder);

}  // namespace sallyport::clients
