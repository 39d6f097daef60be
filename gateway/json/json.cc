#include "gateway/json/json.h"

#include <jansson.h>

#include <algorithm>
#include <string>
#include <utility>

namespace sallyport::json {
namespace {

Error error_at(int line, int column, std::string_view what) {
  std::string text =
      "JSON line " + std::to_string(line) + " column " + std::to_string(column) + ": ";
  return {Fault::client, text.append(what)};
}

Error error_at(std::string_view text, std::size_t offset, std::string_view what) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is the start
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  return error_at(static_cast<int>(line), static_cast<int>(offset - line_start) + 1, what);
}

// check_shape walks the text once, before the recursive parser sees it: brackets outside strings
// bound its recursion, and a NUL would end the text for any reader of C strings.
Result<void> check_shape(std::string_view text, int max_depth, Flaw& flaw) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\0') {
      flaw = Flaw::nul;
      return error_at(text, i, "NUL");
    }
    if (in_string) {
      if (c == '"') in_string = false;
      // An escaped character cannot end the string; an escaped NUL is for the check above.
      if (c == '\\' && i + 1 < text.size() && text[i + 1] != '\0') ++i;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > max_depth) {
        flaw = Flaw::too_deep;
        return error_at(text, i, "nested too deep");
      }
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return {};
}

// The parser's own texts quote the input, which may hold secrets.
std::string_view describe(enum json_error_code code) {
  switch (code) {
    case json_error_duplicate_key:
      return "a member name appears twice";
    case json_error_numeric_overflow:
      return "a number is too large";
    case json_error_invalid_utf8:
      return "invalid UTF-8";
    case json_error_null_character:
    case json_error_null_byte_in_key:
      return "NUL in a string";
    case json_error_premature_end_of_input:
      return "ends too early";
    case json_error_end_of_input_expected:
      return "something follows the value";
    default:
      return "invalid syntax";
  }
}

Flaw flaw_of(enum json_error_code code) {
  switch (code) {
    case json_error_duplicate_key:
      return Flaw::duplicate;
    case json_error_numeric_overflow:
      return Flaw::number;
    case json_error_invalid_utf8:
      return Flaw::utf8;
    case json_error_null_character:
    case json_error_null_byte_in_key:
      return Flaw::nul;
    default:
      return Flaw::syntax;
  }
}

// utf8_length returns the length of the valid sequence that `text` starts with, or 0 (RFC 3629
// section 4: no overlong forms, no surrogates, nothing above U+10FFFF).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  const unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

// plain_length counts the characters at the beginning that stand for themselves: most text is all
// of it.
std::size_t plain_length(std::string_view text) {
  const auto* const end = std::find_if(text.begin(), text.end(), [](char c) {
    return c < 0x20 || c == 0x7f || c == '"' || c == '\\';  // a char beyond ASCII is negative
  });
  return static_cast<std::size_t>(end - text.begin());
}

// RFC 8259 section 7: what must be escaped, with the short form where there is one.
void append_escaped(std::string& to, char c) {
  switch (c) {
    case '"':
      to += "\\\"";
      return;
    case '\\':
      to += "\\\\";
      return;
    case '\n':
      to += "\\n";
      return;
    case '\r':
      to += "\\r";
      return;
    case '\t':
      to += "\\t";
      return;
    default:
      break;
  }
  if (static_cast<unsigned char>(c) < 0x20) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    to += "\\u00";
    to += kDigits[static_cast<std::size_t>(c) >> 4];
    to += kDigits[static_cast<std::size_t>(c) & 15];
  } else {
    to += c;
  }
}

}  // namespace

bool Value::is_object() const { return json_is_object(json_); }
bool Value::is_array() const { return json_is_array(json_); }
bool Value::is_string() const { return json_is_string(json_); }
bool Value::is_integer() const { return json_is_integer(json_); }
bool Value::is_boolean() const { return json_is_boolean(json_); }

Value Value::member(std::string_view name) const {
  // Names in the document hold no NUL, and the parser's look-up would stop at one.
  if (!is_object() || name.find('\0') != std::string_view::npos) return {};
  json_t* found = json_object_get(json_, std::string(name).c_str());
  return found == nullptr ? Value() : Value(document_, found);
}

std::size_t Value::size() const {
  return is_array() ? json_array_size(json_) : json_object_size(json_);
}

Value Value::at(std::size_t index) const {
  json_t* found = json_array_get(json_, index);
  return found == nullptr ? Value() : Value(document_, found);
}

std::optional<std::string_view> Value::string() const {
  if (!is_string()) return std::nullopt;
  return std::string_view(json_string_value(json_), json_string_length(json_));
}

std::optional<std::int64_t> Value::integer() const {
  if (!is_integer()) return std::nullopt;
  return json_integer_value(json_);
}

std::optional<bool> Value::boolean() const {
  if (!is_boolean()) return std::nullopt;
  return json_is_true(json_);
}

void Value::visit_members(Visitor visitor, void* context) const {
  for (void* it = json_object_iter(json_); it != nullptr; it = json_object_iter_next(json_, it)) {
    visitor(context, json_object_iter_key(it), Value(document_, json_object_iter_value(it)));
  }
}

Result<Value> parse(std::string_view text, Limits limits, Flaw* flaw) {
  Flaw ignored = Flaw::syntax;
  Flaw& found = flaw != nullptr ? *flaw : ignored;
  if (text.size() > limits.max_bytes) {
    found = Flaw::too_large;
    return Error{Fault::client, "JSON of " + std::to_string(text.size()) + " bytes, more than " +
                                    std::to_string(limits.max_bytes)};
  }
  if (auto shape = check_shape(text, limits.max_depth, found); !shape) return shape.error();
  json_error_t error;
  json_t* json =
      json_loadb(text.data(), text.size(), JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
  if (json == nullptr) {
    found = flaw_of(json_error_code(&error));
    return error_at(error.line, error.column, describe(json_error_code(&error)));
  }
  return Value(std::shared_ptr<json_t>(json, [](json_t* j) { json_decref(j); }), json);
}

void append_quoted(std::string& to, std::string_view text) {
  to += '"';
  while (!text.empty()) {
    const std::size_t plain = plain_length(text);
    to.append(text, 0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      to += "\xEF\xBF\xBD";
    } else if (length == 1) {
      append_escaped(to, text.front());
    } else {
      to += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(1, length));
  }
  to += '"';
}

}  // namespace sallyport::json
