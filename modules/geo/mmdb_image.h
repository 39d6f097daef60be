#pragma once

// The whole of an MMDB file (MaxMind DB format 2.0): a search tree over the bits of addresses, the
// records that its leaves point to, and metadata at the end. libmaxminddb believes a file in more
// than one place; so nothing is opened by it that has not been walked here.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"

namespace sallyport::geo {

struct MmdbImage {
  // As many distinct records as are remembered; enough to tell what a database is about.
  static constexpr std::size_t kSampleSize = 1024;

  std::string type;                   // "GeoLite2-Country"
  int ip_version = 0;                 // 4 or 6
  std::int64_t built_at = 0;          // Unix seconds
  std::vector<std::uint32_t> sample;  // offsets of records in the data section
};

// check_mmdb walks everything that a lookup could reach: each path of the tree ends within the bits
// of an address, in a record that is whole, or in none. Time and memory are linear in the size.
// The error says what is wrong, without naming the file.
Result<MmdbImage> check_mmdb(std::string_view bytes);

}  // namespace sallyport::geo
