#pragma once

// JsonLine appends one JSON object to a string, member by member, without any tree.

#include <fmt/format.h>

#include <concepts>
#include <iterator>
#include <string>
#include <string_view>

#include "gateway/json/json.h"

namespace sallyport::observe {

// append_timestamp renders RFC 3339 UTC with milliseconds.
void append_timestamp(std::string& to, std::int64_t unix_ms);

class JsonLine {
 public:
  explicit JsonLine(std::string& to) : to_(to) { to_ += '{'; }

  // text adds a string member; an empty one is left out.
  JsonLine& text(std::string_view name, std::string_view value) {
    if (!value.empty()) {
      key(name);
      json::append_quoted(to_, value);
    }
    return *this;
  }
  template <std::integral Number>
  JsonLine& number(std::string_view name, Number value) {
    key(name);
    const fmt::format_int digits(value);
    to_.append(digits.data(), digits.size());
    return *this;
  }
  JsonLine& boolean(std::string_view name, bool value) {
    key(name);
    to_ += value ? "true" : "false";
    return *this;
  }
  // milliseconds adds microseconds as milliseconds with three decimals.
  JsonLine& milliseconds(std::string_view name, std::int64_t microseconds) {
    key(name);
    fmt::format_to(std::back_inserter(to_), "{}.{:03}", microseconds / 1000, microseconds % 1000);
    return *this;
  }
  JsonLine& timestamp(std::string_view name, std::int64_t unix_ms) {
    key(name);
    to_ += '"';
    append_timestamp(to_, unix_ms);
    to_ += '"';
    return *this;
  }
  JsonLine& open(std::string_view name) {
    key(name);
    to_ += '{';
    first_ = true;
    return *this;
  }
  JsonLine& close() {
    to_ += '}';
    first_ = false;
    return *this;
  }

 private:
  void key(std::string_view name) {
    if (!first_) to_ += ',';
    first_ = false;
    to_ += '"';
    to_.append(name);
    to_ += "\":";
  }

  std::string& to_;
  bool first_ = true;
};

}  // namespace sallyport::observe
