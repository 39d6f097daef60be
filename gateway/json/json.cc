#include "gateway/json/json.h"

#include <string>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/json/decimal.h"
#include "gateway/json/document.h"
#include "gateway/json/reader.h"

namespace sallyport::json {
namespace {

bool is(const Node* node, Kind kind) { return node != nullptr && node->kind == kind; }

Error too_large(std::size_t size, Limits limits, Flaw* flaw) {
  if (flaw != nullptr) *flaw = Flaw::too_large;
  return {Fault::client, "JSON of " + std::to_string(size) + " bytes, more than " +
                             std::to_string(limits.max_bytes)};
}

}  // namespace

bool Value::is_object() const { return is(node_, Kind::object); }
bool Value::is_array() const { return is(node_, Kind::array); }
bool Value::is_string() const { return is(node_, Kind::string); }
bool Value::is_integer() const { return is(node_, Kind::integer); }
bool Value::is_boolean() const { return is(node_, Kind::boolean); }

Value Value::member(std::string_view name) const {
  if (!is_object()) return {};
  const Node* child = document_->nodes.data() + node_->first;
  for (const Node* const end = child + 2 * node_->size; child != end; child += 2) {
    if (child->string() == name) return Value(document_, child + 1);
  }
  return {};
}

std::size_t Value::size() const { return is_array() || is_object() ? node_->size : 0; }

Value Value::at(std::size_t index) const {
  if (!is_array() || index >= node_->size) return {};
  return Value(document_, document_->nodes.data() + node_->first + index);
}

std::optional<std::string_view> Value::string() const {
  if (!is_string()) return std::nullopt;
  return node_->string();
}

std::optional<std::int64_t> Value::integer() const {
  if (!is_integer()) return std::nullopt;
  return node_->integer;
}

std::optional<bool> Value::boolean() const {
  if (!is_boolean()) return std::nullopt;
  return node_->integer != 0;
}

std::optional<Whole> Value::whole() const {
  if (is_integer()) return Whole{node_->integer, false};
  if (!is(node_, Kind::real)) return std::nullopt;
  return whole_of(node_->string());
}

void Value::visit_members(Visitor visitor, void* context) const {
  if (!is_object()) return;
  const Node* child = document_->nodes.data() + node_->first;
  for (const Node* const end = child + 2 * node_->size; child != end; child += 2) {
    visitor(context, child->string(), Value(document_, child + 1));
  }
}

Result<Value> parse(std::string_view text, Limits limits, Flaw* flaw) {
  SALLYPORT_CHECK(limits.max_bytes <= INT32_MAX);  // nodes and simdjson count in 32 bits
  if (text.size() > limits.max_bytes) return too_large(text.size(), limits, flaw);
  const auto document = std::make_shared<Document>();
  Flaw found{};
  if (auto done = read(text, limits.max_depth, *document, found); !done) {
    if (flaw != nullptr) *flaw = found;
    return done.error();
  }
  return Value(document, &document->nodes.back());
}

}  // namespace sallyport::json
