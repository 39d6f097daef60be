#pragma once

// The values of an MMDB file (MaxMind DB format 2.0, "Output data section"): strings, numbers,
// maps, lists, and pointers to such. Only their structure is judged here; libmaxminddb reads them.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace sallyport::geo {

enum class MmdbType : std::uint8_t {
  pointer = 1,
  text = 2,
  floating64 = 3,
  bytes = 4,
  uint16 = 5,
  uint32 = 6,
  map = 7,
  int32 = 8,
  uint64 = 9,
  uint128 = 10,
  list = 11,
  boolean = 14,
  floating32 = 15,
};

// MmdbField is the beginning of a value. Offsets are of the section.
struct MmdbField {
  MmdbType type{};
  std::size_t size = 0;     // octets; entries of a map or list; the value of a boolean
  std::size_t payload = 0;  // where its octets, or its first entry, are
  std::size_t target = 0;   // of a pointer
};

// read_field returns the field at `offset`, or nothing when there is none that the format allows.
// The octets of what it returns lie within `section`.
std::optional<MmdbField> read_field(std::string_view section, std::size_t offset);

// uint_at and text_at read the member `key` of the map at offset 0; nothing when there is none of
// that type. The map must have been found good, see MmdbValues.
std::optional<std::uint64_t> uint_at(std::string_view section, std::string_view key);
std::optional<std::string_view> text_at(std::string_view section, std::string_view key);
// has_only_text says whether the member `key` is a list or map in which everything is text.
bool has_only_text(std::string_view section, std::string_view key);

// MmdbValues judges the values of one section. A good value is whole, nests at most kMaxDepth deep,
// pointers included, and so has no cycles. Time and memory are linear in the section's size,
// whatever is in it.
class MmdbValues {
 public:
  // What is published nests four deep; libmaxminddb recurses, and every level takes stack.
  static constexpr int kMaxDepth = 16;

  explicit MmdbValues(std::string_view section)
      : section_(section), heights_(section.size()), steps_left_(4 * section.size() + 64) {}

  bool is_good(std::size_t offset) { return height_of(offset, 0) != 0; }

 private:
  // height_of returns how deep the value nests, from 1; zero when it is not good.
  int height_of(std::size_t offset, int depth);
  // walk does so for a value that stands at `offset`, and moves `offset` behind it.
  int walk(std::size_t& offset, int depth);
  int walk_entries(const MmdbField& field, std::size_t& offset, int depth);
  bool is_key(std::size_t offset) const;

  const std::string_view section_;
  std::vector<std::uint8_t> heights_;  // of what is_good or a pointer began at; zero: not yet known
  std::size_t steps_left_;
};

}  // namespace sallyport::geo
