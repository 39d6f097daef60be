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

// append_three_digits renders 0 to 999 with leading zeros.
inline void append_three_digits(std::string& to, std::int64_t number) {
  to += static_cast<char>('0' + number / 100);
  to += static_cast<char>('0' + number / 10 % 10);
  to += static_cast<char>('0' + number % 10);
}

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
    const fmt::format_int whole(microseconds / 1000);
    to_.append(whole.data(), whole.size());
    to_ += '.';
    append_three_digits(to_, microseconds % 1000);
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
