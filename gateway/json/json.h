#pragma once

// Strict JSON (RFC 8259): no duplicate members, no NUL, valid UTF-8, bounded size and depth,
// nothing after the value. A document is one buffer of strings and one row of nodes, since every
// access token that is seen for the first time is two of them.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/base/result.h"

namespace sallyport::json {

struct Document;
struct Node;

struct Limits {
  std::size_t max_bytes = 64 * 1024;
  int max_depth = 16;
};

// Flaw is what keeps a text from being read, for callers that tell the kinds apart.
enum class Flaw : std::uint8_t { syntax, too_large, too_deep, nul, utf8, duplicate, number };

// Whole is a number without its fraction: the greatest integer that is not above it.
struct Whole {
  std::int64_t floor = 0;
  bool has_fraction = false;
  friend bool operator==(const Whole&, const Whole&) = default;
};

// Value is a parsed value; a member or element stays valid as long as any Value of its document.
class Value {
 public:
  Value() = default;  // absent

  bool exists() const { return node_ != nullptr; }
  bool is_object() const;
  bool is_array() const;
  bool is_string() const;
  bool is_integer() const;
  bool is_boolean() const;

  // member returns the member of an object; absent when there is none or this is no object.
  Value member(std::string_view name) const;
  std::size_t size() const;           // of an array or object
  Value at(std::size_t index) const;  // of an array
  // Accessors return nothing when the type is another: numbers with a fraction or exponent are
  // not integers.
  std::optional<std::string_view> string() const;
  std::optional<std::int64_t> integer() const;
  std::optional<bool> boolean() const;
  // whole takes a number however it is written, from its decimal digits: "1.796e9" is 1796000000.
  // It returns nothing for what is no number or does not fit 64 bits.
  std::optional<Whole> whole() const;
  // for_each_member calls visit(name, value) in the document's order; it is silent on anything but
  // an object.
  template <class Visit>
  void for_each_member(Visit visit) const {
    visit_members([](void* context, std::string_view name,
                     const Value& value) { (*static_cast<Visit*>(context))(name, value); },
                  &visit);
  }

 private:
  using Visitor = void (*)(void* context, std::string_view name, const Value& value);
  void visit_members(Visitor visitor, void* context) const;

  friend Result<Value> parse(std::string_view, Limits, Flaw*);
  Value(std::shared_ptr<const Document> document, const Node* node)
      : document_(std::move(document)), node_(node) {}
  std::shared_ptr<const Document> document_;
  const Node* node_ = nullptr;
};

// parse reads exactly one value. The error says what and where, and quotes nothing of the input;
// its fault is the client's, and who reads a dependency's answer says so when passing it on.
// Integers that do not fit 64 bits and numbers that do not fit a double are errors. On an error,
// `flaw` says which kind it is.
Result<Value> parse(std::string_view text, Limits limits = {}, Flaw* flaw = nullptr);

// is_plain says whether every octet of `text` may stand in a JSON string as it is: ASCII, no
// control character, no quotation mark, no backslash.
bool is_plain(std::string_view text);

// append_quoted appends `text` as a JSON string with its quotation marks; invalid UTF-8 becomes
// U+FFFD. Besides what RFC 8259 section 7 demands, every hidden character (base/utf8.h) is escaped:
// this is the one place where a text becomes part of the log or of an answer.
void append_quoted(std::string& to, std::string_view text);

}  // namespace sallyport::json
