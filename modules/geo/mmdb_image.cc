#include "modules/geo/mmdb_image.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "modules/geo/mmdb_value.h"

namespace sallyport::geo {
namespace {

constexpr std::string_view kMarker = "\xab\xcd\xefMaxMind.com";
constexpr std::size_t kMaxMetadata = 128 * 1024;  // the format's own limit, marker included
constexpr std::size_t kSeparator = 16;            // zeros between tree and data

Error broken(std::string text) { return {Fault::gateway, std::move(text)}; }

struct Metadata {
  std::uint64_t node_count = 0;
  std::uint64_t record_bits = 0;
  int ip_version = 0;
  std::string type;
  std::int64_t built_at = 0;

  std::uint64_t node_bytes() const { return record_bits / 4; }  // two records
  std::uint64_t tree_bytes() const { return node_count * node_bytes(); }
};

Result<Metadata> read_metadata(std::string_view section) {
  if (!MmdbValues(section).is_good(0)) return broken("its metadata is damaged");
  const auto nodes = uint_at(section, "node_count");
  const auto bits = uint_at(section, "record_size");
  const auto version = uint_at(section, "ip_version");
  const auto major = uint_at(section, "binary_format_major_version");
  const auto built = uint_at(section, "build_epoch");
  const auto type = text_at(section, "database_type");
  if (!nodes || !bits || !version || !major || !built || !type) {
    return broken("its metadata is incomplete");
  }
  // Otherwise libmaxminddb 1.7 refuses the file too, and leaks what it has read.
  if (!has_only_text(section, "languages") || !has_only_text(section, "description")) {
    return broken("its metadata has languages or descriptions that are no text");
  }
  if (*major != 2) return broken("its format is version " + std::to_string(*major) + ", not 2");
  if (*bits != 24 && *bits != 28 && *bits != 32) {
    return broken("its record size is " + std::to_string(*bits) + ", not 24, 28 or 32");
  }
  if (*version != 4 && *version != 6) {
    return broken("its IP version is " + std::to_string(*version) + ", not 4 or 6");
  }
  if (*nodes == 0 || *nodes > std::numeric_limits<std::uint32_t>::max()) {
    return broken("its search tree has an impossible number of nodes");
  }
  // A date that no clock can show would make every age wrong.
  constexpr std::uint64_t kLatest = 253'402'300'799;  // the end of the year 9999
  if (*built == 0 || *built > kLatest) return broken("its build time is impossible");
  return Metadata{*nodes, *bits, static_cast<int>(*version), std::string(*type),
                  static_cast<std::int64_t>(*built)};
}

// Tree walks the search tree, depth first. A node that several paths lead to (aliases of the IPv4
// part) is walked once.
class Tree {
 public:
  Tree(std::string_view nodes, const Metadata& metadata, std::string_view data)
      : nodes_(nodes),
        metadata_(metadata),
        data_(data),
        values_(data),
        is_sampled_(data.size()),
        heights_(metadata.node_count) {}

  // check returns what is wrong, or nothing.
  std::optional<std::string> check() {
    if (height_of(0, 0) == 0) return problem_;
    return std::nullopt;
  }
  std::vector<std::uint32_t> take_sample() { return std::move(sample_); }

 private:
  static constexpr std::uint8_t kBeingWalked = 255;

  int max_height() const { return metadata_.ip_version == 4 ? 32 : 128; }

  // height_of returns how many bits are decided from this node on, or zero, with problem_ set.
  int height_of(std::uint64_t node, int depth) {
    const std::uint8_t known = heights_[node];
    // A cycle shows as a node below itself, or as a path that is longer than an address.
    if (known == kBeingWalked || depth + std::max<int>(known, 1) > max_height()) {
      return fail("its search tree has a path that does not end");
    }
    if (known != 0) return known;
    heights_[node] = kBeingWalked;
    int highest = 0;
    for (const std::uint64_t record : records(node)) {
      const bool is_inner = record < metadata_.node_count;
      const int below = is_inner ? height_of(record, depth + 1) : 0;
      if (is_inner ? below == 0 : !is_good_leaf(record)) return 0;
      highest = std::max(highest, below);
    }
    heights_[node] = static_cast<std::uint8_t>(highest + 1);
    return highest + 1;
  }

  std::array<std::uint64_t, 2> records(std::uint64_t node) const {
    const std::size_t at = static_cast<std::size_t>(node * metadata_.node_bytes());
    const auto octet = [&](std::size_t i) {
      return std::uint64_t{static_cast<std::uint8_t>(nodes_[at + i])};
    };
    const auto three = [&](std::size_t i) {
      return octet(i) << 16 | octet(i + 1) << 8 | octet(i + 2);
    };
    if (metadata_.record_bits == 24) return {three(0), three(3)};
    // The middle octet has the highest four bits of both.
    if (metadata_.record_bits == 28) {
      return {(octet(3) >> 4) << 24 | three(0), (octet(3) & 15) << 24 | three(4)};
    }
    return {octet(0) << 24 | three(1), octet(4) << 24 | three(5)};
  }

  bool is_good_leaf(std::uint64_t record) {
    if (record == metadata_.node_count) return true;  // nothing is known of these addresses
    const std::uint64_t offset = record - metadata_.node_count - kSeparator;
    if (record < metadata_.node_count + kSeparator || offset >= data_.size()) {
      return fail("its search tree points outside of the data") != 0;
    }
    const auto at = static_cast<std::size_t>(offset);
    if (!values_.is_good(at)) return fail("a record is damaged") != 0;
    if (sample_.size() < MmdbImage::kSampleSize && !is_sampled_[at]) {
      is_sampled_[at] = true;
      sample_.push_back(static_cast<std::uint32_t>(offset));
    }
    return true;
  }

  int fail(const char* problem) {
    problem_ = problem;
    return 0;
  }

  const std::string_view nodes_;
  const Metadata& metadata_;
  const std::string_view data_;
  MmdbValues values_;
  std::vector<bool> is_sampled_;
  std::vector<std::uint8_t> heights_;  // of nodes; zero: not yet known
  std::vector<std::uint32_t> sample_;
  std::string problem_;
};

}  // namespace

Result<MmdbImage> check_mmdb(std::string_view bytes) {
  const std::size_t from = bytes.size() > kMaxMetadata ? bytes.size() - kMaxMetadata : 0;
  const std::size_t marker = bytes.substr(from).rfind(kMarker);
  if (marker == std::string_view::npos) {
    return broken("is no MMDB file, or only a part of one: it has no metadata at its end");
  }
  const auto metadata = read_metadata(bytes.substr(from + marker + kMarker.size()));
  if (!metadata) return metadata.error();
  // What stands before the marker, since a record never reaches into the metadata.
  const std::string_view body = bytes.substr(0, from + marker);
  if (metadata->tree_bytes() + kSeparator > body.size()) return broken("its search tree is cut");
  const auto tree_bytes = static_cast<std::size_t>(metadata->tree_bytes());
  const std::string_view separator = body.substr(tree_bytes, kSeparator);
  if (separator.find_first_not_of('\0') != std::string_view::npos) {
    return broken("its search tree and its data are not where its metadata says");
  }
  Tree tree(body.substr(0, tree_bytes), *metadata, body.substr(tree_bytes + kSeparator));
  if (auto problem = tree.check()) return broken(std::move(*problem));
  return MmdbImage{metadata->type, metadata->ip_version, metadata->built_at, tree.take_sample()};
}

}  // namespace sallyport::geo
