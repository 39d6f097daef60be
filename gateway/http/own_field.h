#pragma once

// Fields that the gateway writes itself. What of them is known when the gateway is compiled is
// judged there, once, and not with every message.

#include <string_view>

#include "gateway/base/text.h"
#include "gateway/http/chars.h"

namespace sallyport::http {

// FieldName is a constant that may be the name of a field (RFC 9110 section 5.1): another one does
// not compile.
class FieldName {
 public:
  explicit consteval FieldName(std::string_view text) : text_(text) {
    if (text.empty() || !is_all(text, kTokenChar)) throw "not a token";
  }
  constexpr std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

// OwnField is a constant field: a value that must not be written (RFC 9110 section 5.5) does not
// compile.
class OwnField {
 public:
  consteval OwnField(std::string_view name, std::string_view value) : name_(name), value_(value) {
    if (!is_all(value, kFieldChar) || trim(value).size() != value.size()) throw "not a value";
  }
  constexpr FieldName name() const { return name_; }
  constexpr std::string_view value() const { return value_; }

 private:
  FieldName name_;
  std::string_view value_;
};

}  // namespace sallyport::http
