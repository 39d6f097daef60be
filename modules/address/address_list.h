#pragma once

// Reads the lists of addresses that a configuration names: addresses, blocks, ranges, built-in sets
// and files of these.

#include <cstddef>
#include <string>
#include <vector>

#include "gateway/config/findings.h"
#include "gateway/config/values.h"
#include "gateway/net/address.h"

namespace sallyport::address {

// Limits of a list file.
inline constexpr std::size_t kMaxFileBytes = 8 * 1024 * 1024;
inline constexpr std::size_t kMaxEntries = 200'000;

// read_list builds the set of all entries. Every mistake becomes a finding that names the place, in
// the configuration or in the list file; the set then lacks that entry.
net::PrefixSet read_list(const std::vector<config::At<std::string>>& entries,
                         config::Findings& findings);

}  // namespace sallyport::address
