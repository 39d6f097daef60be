#pragma once

// JsonLine appends one JSON object to a string, member by member, without any tree. It writes into
// a buffer of its own and appends whole pieces of it: a line of the access log has a hundred parts,
// and as many calls to std::string were a fifth of a request's instructions (perf/limit.md).

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "gateway/base/hex.h"
#include "gateway/json/json.h"

namespace sallyport::observe {

// timestamp_text renders RFC 3339 UTC with milliseconds; valid until the thread's next call.
std::string_view timestamp_text(std::int64_t unix_ms);

// Key is the name of a member as it stands in a line, `,"name":`, made when the program is
// compiled: octets of a number known in advance are copied by a few instructions, without a call.
class Key {
 public:
  static constexpr std::size_t kRoom = 24;

  template <std::size_t kSize>
  consteval Key(const char (&name)[kSize]) : size_(kSize + 3) {
    static_assert(kSize + 3 <= kRoom);
    char* to = std::copy_n(",\"", 2, text_.begin());
    to = std::copy_n(name, kSize - 1, to);
    std::copy_n("\":", 2, to);
  }

 private:
  friend class JsonLine;
  std::array<char, kRoom + 1> text_{};  // one more, so that kRoom octets follow the comma
  std::size_t size_;
};

class JsonLine {
 public:
  // What was added is in `to` when the object has been closed.
  explicit JsonLine(std::string& to) : to_(to) { put('{'); }
  JsonLine(const JsonLine&) = delete;
  JsonLine& operator=(const JsonLine&) = delete;

  // text adds a string member; an empty one is left out.
  JsonLine& text(const Key& name, std::string_view value) {
    return text(name, value, json::is_plain(value));
  }
  // plain does so with one that by its kind has nothing to escape: a constant of ours, an
  // identifier that we made, an address. Nobody looks at it again.
  JsonLine& plain(const Key& name, std::string_view value) { return text(name, value, true); }
  // hex adds a digest as a string of lower-case hexadecimal digits.
  JsonLine& hex(const Key& name, const std::array<std::uint8_t, 32>& digest) {
    key(name, 2 * digest.size() + 2);
    put('"');
    write_hex(std::span<const std::uint8_t, 32>(digest), buffer_.data() + used_);
    used_ += 2 * digest.size();
    put('"');
    return *this;
  }
  template <std::integral Number>
  JsonLine& number(const Key& name, Number value) {
    key(name, kNumber);
    put_number(value);
    return *this;
  }
  JsonLine& boolean(const Key& name, bool value) {
    key(name, kNumber);
    put(value ? std::string_view("true") : std::string_view("false"));
    return *this;
  }
  // milliseconds adds microseconds as milliseconds with three decimals.
  JsonLine& milliseconds(const Key& name, std::int64_t microseconds) {
    key(name, 2 * kNumber);
    put_number(microseconds / 1000);
    const auto rest = static_cast<int>(microseconds % 1000);
    put('.');
    put(static_cast<char>('0' + rest / 100));
    put(static_cast<char>('0' + rest / 10 % 10));
    put(static_cast<char>('0' + rest % 10));
    return *this;
  }
  JsonLine& timestamp(const Key& name, std::int64_t unix_ms) {
    const std::string_view value = timestamp_text(unix_ms);
    key(name, value.size() + 2);
    put('"');
    put(value);
    put('"');
    return *this;
  }
  JsonLine& open(const Key& name) {
    key(name, 1);
    put('{');
    is_first_ = true;
    ++depth_;
    return *this;
  }
  JsonLine& close() {
    if (used_ == kBuffer) [[unlikely]]
      flush();
    put('}');
    is_first_ = false;
    if (--depth_ == 0) flush();
    return *this;
  }

 private:
  JsonLine& text(const Key& name, std::string_view value, bool is_plain) {
    if (value.empty()) return *this;
    key(name, value.size() + 2);
    if (value.size() + 2 <= kBuffer - used_ && is_plain) [[likely]] {
      put('"');
      put(value);
      put('"');
    } else {
      flush();
      json::append_quoted(to_, value);
    }
    return *this;
  }

  static constexpr std::size_t kBuffer = 2048;  // an ordinary line is 1,200 octets long
  static constexpr std::size_t kNumber = 24;    // no integer of 64 bits is longer

  // key begins a member, in a buffer that has room for `value` octets behind it, unless that is
  // more than the buffer holds.
  void key(const Key& name, std::size_t value) {
    if (Key::kRoom + value > kBuffer - used_) [[unlikely]]
      flush();
    const std::size_t comma = is_first_ ? 1 : 0;  // which the first member does not have
    is_first_ = false;
    std::memcpy(buffer_.data() + used_, name.text_.data() + comma, Key::kRoom);
    used_ += name.size_ - comma;
  }
  // put needs room, which key has made.
  void put(char c) { buffer_[used_++] = c; }
  void put(std::string_view piece) {
    std::memcpy(buffer_.data() + used_, piece.data(), piece.size());
    used_ += piece.size();
  }
  template <std::integral Number>
  void put_number(Number value) {
    char digits[24];
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
    put({digits, static_cast<std::size_t>(end - digits)});
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
