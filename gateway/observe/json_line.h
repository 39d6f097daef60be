#pragma once

// JsonLine appends one JSON object to a string, member by member, without any tree. It writes into
// a buffer of its own and appends whole pieces of it: a line of the access log has a hundred parts,
// and as many calls to std::string were a fifth of a request's instructions (perf/limit.md).

#include <fmt/format.h>

#include <array>
#include <concepts>
#include <cstring>
#include <string>
#include <string_view>

#include "gateway/json/json.h"

namespace sallyport::observe {

// timestamp_text renders RFC 3339 UTC with milliseconds; valid until the thread's next call.
std::string_view timestamp_text(std::int64_t unix_ms);

class JsonLine {
 public:
  // What was added is in `to` when the object has been closed.
  explicit JsonLine(std::string& to) : to_(to) { put('{'); }
  JsonLine(const JsonLine&) = delete;
  JsonLine& operator=(const JsonLine&) = delete;

  // text adds a string member; an empty one is left out.
  JsonLine& text(std::string_view name, std::string_view value) {
    if (value.empty()) return *this;
    key(name);
    if (json::is_plain(value)) {
      put('"');
      put(value);
      put('"');
    } else {
      flush();
      json::append_quoted(to_, value);
    }
    return *this;
  }
  // hex adds bytes as a string of lower-case hexadecimal digits.
  JsonLine& hex(std::string_view name, std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    key(name);
    put('"');
    for (const char c : bytes) {
      const auto byte = static_cast<unsigned char>(c);
      const std::array<char, 2> two{kDigits[byte >> 4], kDigits[byte & 15]};
      put({two.data(), two.size()});
    }
    put('"');
    return *this;
  }
  template <std::integral Number>
  JsonLine& number(std::string_view name, Number value) {
    key(name);
    const fmt::format_int digits(value);
    put({digits.data(), digits.size()});
    return *this;
  }
  JsonLine& boolean(std::string_view name, bool value) {
    key(name);
    put(value ? std::string_view("true") : std::string_view("false"));
    return *this;
  }
  // milliseconds adds microseconds as milliseconds with three decimals.
  JsonLine& milliseconds(std::string_view name, std::int64_t microseconds) {
    number(name, microseconds / 1000);
    const auto rest = static_cast<int>(microseconds % 1000);
    const std::array<char, 4> decimals{'.', static_cast<char>('0' + rest / 100),
                                       static_cast<char>('0' + rest / 10 % 10),
                                       static_cast<char>('0' + rest % 10)};
    put({decimals.data(), decimals.size()});
    return *this;
  }
  JsonLine& timestamp(std::string_view name, std::int64_t unix_ms) {
    key(name);
    put('"');
    put(timestamp_text(unix_ms));
    put('"');
    return *this;
  }
  JsonLine& open(std::string_view name) {
    key(name);
    put('{');
    is_first_ = true;
    ++depth_;
    return *this;
  }
  JsonLine& close() {
    put('}');
    is_first_ = false;
    if (--depth_ == 0) flush();
    return *this;
  }

 private:
  static constexpr std::size_t kBuffer = 2048;  // an ordinary line is 1,200 octets long

  void key(std::string_view name) {
    if (!is_first_) put(',');
    is_first_ = false;
    put('"');
    put(name);
    put("\":");
  }
  void put(char c) {
    if (used_ == kBuffer) [[unlikely]] flush();
    buffer_[used_++] = c;
  }
  void put(std::string_view piece) {
    if (piece.size() > kBuffer - used_) [[unlikely]] {
      flush();
      if (piece.size() > kBuffer) {
        to_.append(piece);
        return;
      }
    }
    std::memcpy(buffer_.data() + used_, piece.data(), piece.size());
    used_ += piece.size();
  }
  void flush() {
    to_.append(buffer_.data(), used_);
    used_ = 0;
  }

  std::string& to_;
  std::size_t used_ = 0;
  int depth_ = 1;
  bool is_first_ = true;
  std::array<char, kBuffer> buffer_;  // not initialised: written before it is read
};

}  // namespace sallyport::observe
