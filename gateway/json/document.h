#pragma once

// What a parsed text is kept as.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::json {

enum class Kind : std::uint8_t { null, boolean, integer, real, string, array, object };

// Node is one value. The children of an array stand together, in order, and so do those of an
// object: the name (a string) and the value of each member by turns.
struct Node {
  union {
    const char* text;      // string: into Document::text
    std::int64_t integer;  // integer; boolean: 0 or 1
    std::uint32_t first;   // array and object: index of the first child in Document::nodes
  };
  std::uint32_t size;  // string: bytes; array: elements; object: members
  Kind kind;

  std::string_view string() const { return {text, size}; }
};

// Document is never moved nor copied: the nodes point into its text.
struct Document {
  explicit Document(std::string json) : text(std::move(json)) {}
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  std::string text;         // strings decoded in place
  std::vector<Node> nodes;  // the root is the last
};

}  // namespace sallyport::json
