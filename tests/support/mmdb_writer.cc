#include "tests/support/mmdb_writer.h"

#include <functional>
#include <utility>

#include "gateway/net/address.h"

namespace sallyport::test {
namespace {

std::string big_endian(std::uint64_t value, int octets) {
  std::string out;
  for (int i = octets - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i) & 255);
  return out;
}

std::string uint_of(unsigned type, std::uint64_t value, int octets) {
  return MmdbWriter::field(type, static_cast<std::size_t>(octets)) + big_endian(value, octets);
}

// A pointer of four octets reaches everywhere.
std::string pointer_to(std::uint32_t offset) { return "\x38" + big_endian(offset, 4); }

std::string node_of(std::uint64_t left, std::uint64_t right, int bits) {
  if (bits != 28) return big_endian(left, bits / 8) + big_endian(right, bits / 8);
  const auto middle = static_cast<char>((left >> 24 << 4 | right >> 24) & 255);
  return big_endian(left & 0xffffff, 3) + middle + big_endian(right & 0xffffff, 3);
}

}  // namespace

MmdbWriter::MmdbWriter(std::string type, int ip_version, int record_bits)
    : type_(std::move(type)), ip_version_(ip_version), record_bits_(record_bits) {}

MmdbWriter& MmdbWriter::built(std::int64_t unix_seconds) {
  built_at_ = unix_seconds;
  return *this;
}

MmdbWriter& MmdbWriter::place(std::string_view block, std::string_view country,
                              std::string_view continent) {
  std::string members;
  std::size_t count = 0;
  const auto add = [&](std::string_view name, std::string_view key, std::string_view code) {
    if (code.empty()) return;
    members += text_once(name) + map(1, text_once(key) + text_once(code));
    ++count;
  };
  add("continent", "code", continent);
  add("country", "iso_code", country);
  return record(block, map(count, members));
}

MmdbWriter& MmdbWriter::asn(std::string_view block, std::uint32_t number) {
  return record(block, map(2, text_once("autonomous_system_number") + uint32(number) +
                                  text_once("autonomous_system_organization") + text_once("Test")));
}

MmdbWriter& MmdbWriter::record(std::string_view block, const std::string& value) {
  const auto [found, is_new] =
      records_.try_emplace(value, static_cast<std::uint32_t>(data_.size()));
  if (is_new) data_ += value;
  insert(block, found->second);
  return *this;
}

void MmdbWriter::insert(std::string_view block, std::uint32_t offset) {
  const net::Prefix prefix = *net::Prefix::parse(block);
  const bool is_v4 = prefix.first().family() == net::Family::v4;
  const int skipped = is_v4 && ip_version_ == 6 ? 96 : 0;
  const int bits = prefix.length() + skipped;
  std::uint32_t node = 0;
  for (int i = 0; i < bits; ++i) {
    const int at = i - skipped;
    const int bit =
        at < 0 ? 0 : prefix.first().bytes()[static_cast<std::size_t>(at / 8)] >> (7 - at % 8) & 1;
    std::uint32_t& below = nodes_[node][static_cast<std::size_t>(bit)];
    if (i == bits - 1) {
      below = kLeaf | offset;
      return;
    }
    if (below == kNothing || (below & kLeaf) != 0) {
      const std::uint32_t was = std::exchange(below, static_cast<std::uint32_t>(nodes_.size()));
      nodes_.push_back({was, was});
    }
    node = nodes_[node][static_cast<std::size_t>(bit)];
  }
}

std::string MmdbWriter::text_once(std::string_view value) {
  const auto found = texts_.find(value);
  if (found != texts_.end()) return pointer_to(found->second);
  const auto [added, is_new] =
      texts_.try_emplace(std::string(value), static_cast<std::uint32_t>(data_.size()));
  data_ += text(value);
  return pointer_to(added->second);
}

std::string MmdbWriter::bytes() const {
  std::string out;
  const auto record_of = [&](std::uint32_t below) -> std::uint64_t {
    if (below == kNothing) return nodes_.size();
    return (below & kLeaf) != 0 ? nodes_.size() + 16 + (below & ~kLeaf) : below;
  };
  for (const auto& node : nodes_) {
    out += node_of(record_of(node[0]), record_of(node[1]), record_bits_);
  }
  return out + std::string(16, '\0') + data_ + "\xab\xcd\xefMaxMind.com" + metadata();
}

std::string MmdbWriter::metadata() const {
  return map(9, text("node_count") + uint32(static_cast<std::uint32_t>(nodes_.size())) +
                    text("record_size") + uint_of(5, static_cast<std::uint64_t>(record_bits_), 2) +
                    text("ip_version") + uint_of(5, static_cast<std::uint64_t>(ip_version_), 2) +
                    text("database_type") + text(type_) + text("languages") + field(11, 1) +
                    text("en") + text("binary_format_major_version") + uint_of(5, 2, 2) +
                    text("binary_format_minor_version") + uint_of(5, 0, 2) + text("build_epoch") +
                    uint_of(9, static_cast<std::uint64_t>(built_at_), 8) + text("description") +
                    map(1, text("en") + text("Made by a test")));
}

std::string MmdbWriter::field(unsigned type, std::size_t size) {
  const unsigned high = type <= 7 ? type << 5 : 0;
  const unsigned low = static_cast<unsigned>(size < 29 ? size : size < 285 ? 29 : 30);
  std::string out(1, static_cast<char>(high | low));
  if (type > 7) out += static_cast<char>(type - 7);
  if (low == 29) out += big_endian(size - 29, 1);
  if (low == 30) out += big_endian(size - 285, 2);
  return out;
}

std::string MmdbWriter::text(std::string_view value) {
  return field(2, value.size()) + std::string(value);
}

std::string MmdbWriter::uint32(std::uint32_t value) { return uint_of(6, value, 4); }

std::string MmdbWriter::map(std::size_t members, std::string_view encoded) {
  return field(7, members) + std::string(encoded);
}

}  // namespace sallyport::test
