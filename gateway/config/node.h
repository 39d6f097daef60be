#pragma once

// Node is a YAML value that knows where it stands in which file. The tree is read whole before any
// of it is decoded; anchors, aliases, tags and duplicate keys are refused, so that what a reviewer
// sees is what the gateway does.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/findings.h"

namespace sallyport::config {

class Node {
 public:
  enum class Kind : std::uint8_t { null, scalar, sequence, mapping };
  struct Member;

  Kind kind = Kind::null;
  bool quoted = false;  // a quoted scalar is always text
  std::string scalar;
  std::vector<Node> items;      // of a sequence
  std::vector<Member> members;  // of a mapping, in the file's order
  Position at;
  std::string path;  // "routes[2].policies.bearer"; empty for the root

  // find returns the member of that key, or null.
  const Node* find(std::string_view key) const;
  bool is_null() const { return kind == Kind::null; }
  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_sequence() const { return kind == Kind::sequence; }
  bool is_mapping() const { return kind == Kind::mapping; }
};

struct Node::Member {
  std::string key;
  Position key_at;
  Node value;
};

// Limits of the reader, against a file that is hostile or not a configuration at all.
inline constexpr std::size_t kMaxFileBytes = 4 * 1024 * 1024;
inline constexpr int kMaxDepth = 32;
inline constexpr std::size_t kMaxNodes = 200'000;
inline constexpr std::size_t kMaxKeyBytes = 256;
inline constexpr std::size_t kMaxPathBytes = 1024;

// parse_yaml reads one document. On any error it adds findings and returns nothing.
std::optional<Node> parse_yaml(std::string_view text, std::shared_ptr<const std::string> file,
                               Findings& findings);
// load_yaml reads the file `path` whole, then parse_yaml.
std::optional<Node> load_yaml(const std::string& path, Findings& findings);

// resolve_path returns `path` as seen from the folder of the file in which `node` stands.
std::string resolve_path(const Node& node, const std::string& path);

}  // namespace sallyport::config
