#pragma once

// Changes to a trust store's folder, made so that a gateway that watches it reads the whole change
// or an error, and never a part of it.

#include <cstdint>
#include <string>

#include "gateway/base/result.h"

namespace sallyport::cli {

struct NewEntry {
  std::string id;
  std::string note;
  std::string pem;
  std::int64_t overlap_until = 0;  // Unix seconds
};

// is_entry_id returns what is wrong with a name that becomes a file's, or nothing.
std::string is_entry_id(const std::string& id);

// add_to_folder fails when there is an entry of that name.
Result<void> add_to_folder(const std::string& folder, const NewEntry& entry);
Result<void> retire_in_folder(const std::string& folder, const std::string& id, std::int64_t at);

}  // namespace sallyport::cli
