#pragma once

// MmdbWriter makes small MMDB files (MaxMind DB format 2.0): a search tree of 24, 28 or 32 bit
// records for IPv4 or both, with equal records and equal strings written once, as real ones have.

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::test {

class MmdbWriter {
 public:
  // `ip_version` is 4 or 6; in a tree for 6, IPv4 stands below ::/96.
  explicit MmdbWriter(std::string type, int ip_version = 6, int record_bits = 28);

  MmdbWriter& built(std::int64_t unix_seconds);
  // place gives the addresses of a block, "192.0.2.0/24", a country and a continent; an empty code
  // is left out. Later blocks win over earlier ones within them.
  MmdbWriter& place(std::string_view block, std::string_view country, std::string_view continent);
  MmdbWriter& asn(std::string_view block, std::uint32_t number);
  // record gives them any record: an encoded value, see the functions below.
  MmdbWriter& record(std::string_view block, const std::string& value);

  std::string bytes() const;

  // The encodings of the format. A map is its members, one encoded key and value after the other.
  static std::string text(std::string_view value);
  static std::string uint32(std::uint32_t value);
  static std::string map(std::size_t members, std::string_view encoded);
  static std::string field(unsigned type, std::size_t size);

 private:
  static constexpr std::uint32_t kNothing = 0;
  static constexpr std::uint32_t kLeaf = 1u << 31;  // with the offset of a record

  void insert(std::string_view block, std::uint32_t offset);
  std::string text_once(std::string_view value);
  std::string metadata() const;

  const std::string type_;
  const int ip_version_;
  const int record_bits_;
  std::int64_t built_at_ = 1'790'000'000;
  std::vector<std::array<std::uint32_t, 2>> nodes_{{kNothing, kNothing}};
  std::string data_;
  std::map<std::string, std::uint32_t, std::less<>> texts_;    // offsets
  std::map<std::string, std::uint32_t, std::less<>> records_;  // offsets
};

}  // namespace sallyport::test
