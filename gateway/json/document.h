#pragma once

// What a parsed text is kept as.

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace sallyport::json {

enum class Kind : std::uint8_t { null, boolean, integer, real, string, array, object };

// Node is one value. The children of an array stand together, in order, and so do those of an
// object: the name (a string) and the value of each member by turns.
struct Node {
  union {
    const char* text;      // string and real: into Document::strings
    std::int64_t integer;  // integer; boolean: 0 or 1
    std::uint32_t first;   // array and object: index of the first child in Document::nodes
  };
  std::uint32_t
      size;  // string and real (as it is written): bytes; array: elements; object: members
  Kind kind;

  std::string_view string() const { return {text, size}; }
};

struct Document {
  std::unique_ptr<std::uint8_t[]> strings;  // decoded, one after the other; reals stand among them
  std::vector<Node> nodes;                  // the root is the last
};

}  // namespace sallyport::json
