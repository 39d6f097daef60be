#pragma once

// What is on disk before services open their stores. A store that is missing or empty looks like a
// first start, but it may be a volume that is not mounted, or a file that a power cut emptied: a
// gateway that began there would have forgotten every revocation.

#include <cstddef>
#include <string>
#include <vector>

#include "gateway/config/findings.h"
#include "gateway/load/load.h"

namespace sallyport::load {

struct StoreFound {
  std::string folder;
  bool is_new = false;
  bool is_taken = false;  // another process has it open; its entries are not known
  std::size_t entries = 0;
};

// stores_of returns the folders of the stores of a configuration's services, each once.
std::vector<std::string> stores_of(const Loaded& loaded);

// examine_stores looks at each of them and adds an error for what is damaged or cannot be used, and
// for one that is missing or empty, unless it may be new: in a sandbox, or where `new_stores` says
// so.
std::vector<StoreFound> examine_stores(const Loaded& loaded, bool new_stores,
                                       config::Findings& findings);

}  // namespace sallyport::load
