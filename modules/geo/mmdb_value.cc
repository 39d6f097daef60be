#include "modules/geo/mmdb_value.h"

#include <algorithm>

namespace sallyport::geo {
namespace {

constexpr std::uint8_t kBeingWalked = 255;

std::uint8_t octet(std::string_view section, std::size_t at) {
  return static_cast<std::uint8_t>(section[at]);
}

// big_endian reads `count` octets; nothing when the section ends before.
std::optional<std::uint64_t> big_endian(std::string_view section, std::size_t at,
                                        std::size_t count) {
  if (at > section.size() || count > section.size() - at) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8 | octet(section, at + i);
  return value;
}

// A pointer has the length of its own tail in two bits, and three bits of its value, in its first
// octet; what it counts from grows with its length, so that no place has two spellings.
std::optional<MmdbField> read_pointer(std::string_view section, std::size_t offset) {
  constexpr std::size_t kFrom[] = {0, 2048, 526'336, 0};
  const std::uint8_t first = octet(section, offset);
  const unsigned length = first >> 3 & 3;
  const auto tail = big_endian(section, offset + 1, length + 1);
  if (!tail) return std::nullopt;
  const std::uint64_t high = length == 3 ? 0 : std::uint64_t{first & 7U} << (8 * (length + 1));
  MmdbField field;
  field.type = MmdbType::pointer;
  field.payload = offset + 2 + length;
  field.target = static_cast<std::size_t>(high | *tail) + kFrom[length];
  if (field.target >= section.size()) return std::nullopt;
  return field;
}

// read_size finishes `field`, whose size is in the low bits of `first` and in up to three octets.
bool read_size(std::string_view section, std::uint8_t first, MmdbField& field) {
  constexpr std::size_t kFrom[] = {29, 285, 65'821};
  field.size = first & 31U;
  if (field.size < 29) return true;
  const std::size_t more = field.size - 28;
  const auto tail = big_endian(section, field.payload, more);
  if (!tail) return false;
  field.size = kFrom[more - 1] + static_cast<std::size_t>(*tail);
  field.payload += more;
  return true;
}

bool fits(MmdbType type, std::size_t size) {
  switch (type) {
    case MmdbType::floating64:
      return size == 8;
    case MmdbType::floating32:
      return size == 4;
    case MmdbType::uint16:
      return size <= 2;
    case MmdbType::uint32:
    case MmdbType::int32:
      return size <= 4;
    case MmdbType::uint64:
      return size <= 8;
    case MmdbType::uint128:
      return size <= 16;
    case MmdbType::boolean:
      return size <= 1;
    case MmdbType::pointer:
    case MmdbType::text:
    case MmdbType::bytes:
    case MmdbType::map:
    case MmdbType::list:
      return true;
  }
  return false;  // the cache container and the end marker are for no file
}

bool has_entries(MmdbType type) { return type == MmdbType::map || type == MmdbType::list; }

// octets_of returns how many octets of its own a field has after its beginning.
std::size_t octets_of(const MmdbField& field) {
  const bool has_none =
      has_entries(field.type) || field.type == MmdbType::boolean || field.type == MmdbType::pointer;
  return has_none ? 0 : field.size;
}

std::optional<MmdbField> follow(std::string_view section, std::size_t offset) {
  const auto field = read_field(section, offset);
  return field && field->type == MmdbType::pointer ? read_field(section, field->target) : field;
}

std::optional<std::string_view> as_text(std::string_view section, const MmdbField& field) {
  if (field.type != MmdbType::text) return std::nullopt;
  return section.substr(field.payload, field.size);
}

// behind returns where the next value begins, after a good one.
std::size_t behind(std::string_view section, std::size_t offset) {
  const MmdbField field = *read_field(section, offset);
  std::size_t next = field.payload + octets_of(field);
  if (!has_entries(field.type)) return next;
  const std::size_t values = field.type == MmdbType::map ? 2 * field.size : field.size;
  for (std::size_t i = 0; i < values; ++i) next = behind(section, next);
  return next;
}

std::optional<MmdbField> member(std::string_view section, std::string_view key) {
  const auto map = read_field(section, 0);
  if (!map || map->type != MmdbType::map) return std::nullopt;
  std::size_t at = map->payload;
  for (std::size_t i = 0; i < map->size; ++i) {
    const bool is_it = as_text(section, *follow(section, at)) == key;
    at = behind(section, at);
    if (is_it) return follow(section, at);
    at = behind(section, at);
  }
  return std::nullopt;
}

}  // namespace

std::optional<MmdbField> read_field(std::string_view section, std::size_t offset) {
  if (offset >= section.size()) return std::nullopt;
  const std::uint8_t first = octet(section, offset);
  if (first >> 5 == static_cast<int>(MmdbType::pointer)) return read_pointer(section, offset);
  MmdbField field;
  field.type = static_cast<MmdbType>(first >> 5);
  field.payload = offset + 1;
  if (first >> 5 == 0) {  // an extended type, in an octet of its own
    const auto extended = big_endian(section, field.payload++, 1);
    if (!extended || *extended == 0 || *extended > 8) return std::nullopt;
    field.type = static_cast<MmdbType>(*extended + 7);
  }
  if (!read_size(section, first, field) || !fits(field.type, field.size)) return std::nullopt;
  if (octets_of(field) > section.size() - field.payload) return std::nullopt;
  return field;
}

std::optional<std::uint64_t> uint_at(std::string_view section, std::string_view key) {
  const auto field = member(section, key);
  if (!field) return std::nullopt;
  const bool is_uint = field->type == MmdbType::uint16 || field->type == MmdbType::uint32 ||
                       field->type == MmdbType::uint64;
  return is_uint ? big_endian(section, field->payload, field->size) : std::nullopt;
}

std::optional<std::string_view> text_at(std::string_view section, std::string_view key) {
  const auto field = member(section, key);
  return field ? as_text(section, *field) : std::nullopt;
}

bool has_only_text(std::string_view section, std::string_view key) {
  const auto field = member(section, key);
  if (!field || !has_entries(field->type)) return false;
  std::size_t at = field->payload;
  const std::size_t values = field->type == MmdbType::map ? 2 * field->size : field->size;
  for (std::size_t i = 0; i < values; ++i) {
    if (follow(section, at)->type != MmdbType::text) return false;
    at = behind(section, at);
  }
  return true;
}

int MmdbValues::height_of(std::size_t offset, int depth) {
  if (offset >= section_.size() || heights_[offset] == kBeingWalked) return 0;
  if (const int known = heights_[offset]) return depth + known <= kMaxDepth ? known : 0;
  heights_[offset] = kBeingWalked;
  std::size_t end = offset;
  const int height = walk(end, depth);
  heights_[offset] = static_cast<std::uint8_t>(height);
  return height;
}

int MmdbValues::walk(std::size_t& offset, int depth) {
  if (depth >= kMaxDepth || steps_left_ == 0) return 0;
  --steps_left_;
  const auto field = read_field(section_, offset);
  if (!field) return 0;
  offset = field->payload + octets_of(*field);
  if (has_entries(field->type)) return walk_entries(*field, offset, depth);
  if (field->type != MmdbType::pointer) return 1;
  // A pointer to a pointer is against the format.
  const auto target = read_field(section_, field->target);
  if (!target || target->type == MmdbType::pointer) return 0;
  const int below = height_of(field->target, depth + 1);
  return below == 0 ? 0 : below + 1;
}

int MmdbValues::walk_entries(const MmdbField& field, std::size_t& offset, int depth) {
  int highest = 0;
  for (std::size_t i = 0; i < field.size; ++i) {
    if (field.type == MmdbType::map && (!is_key(offset) || walk(offset, depth + 1) == 0)) return 0;
    const int height = walk(offset, depth + 1);
    if (height == 0) return 0;
    highest = std::max(highest, height);
  }
  return highest + 1;
}

bool MmdbValues::is_key(std::size_t offset) const {
  const auto field = follow(section_, offset);
  return field && field->type == MmdbType::text;
}

}  // namespace sallyport::geo
