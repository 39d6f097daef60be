#include "gateway/json/value.h"

#include <algorithm>

#include "gateway/base/check.h"
#include "gateway/base/utf8.h"

namespace sallyport::json {
namespace {

// repaired is `text` with U+FFFD for every octet that is no part of a character.
std::string repaired(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    out += length == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(1, length));
  }
  return out;
}

// escape_hidden: octets beyond 0x7E stand in strings only, where an escape says the same.
std::string escape_hidden(std::string_view json) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(json.size());
  while (!json.empty()) {
    const std::size_t length = std::max<std::size_t>(1, utf8_length(json));
    const std::string_view character = json.substr(0, length);
    const std::uint32_t value = utf8_value(character);
    if (value >= 0x20 && is_hidden(value)) {  // below, it is between values: the library escapes
      out += "\\u";
      for (int shift = 12; shift >= 0; shift -= 4) out += kDigits[value >> shift & 15];
    } else {
      out += character;
    }
    json.remove_prefix(length);
  }
  return out;
}

int append(const char* piece, std::size_t size, void* to) {
  static_cast<std::string*>(to)->append(piece, size);
  return 0;
}

// The library fails for two reasons: no memory, and texts that are no UTF-8, which do not get here.
constexpr std::size_t kFlags = JSON_ENCODE_ANY | JSON_REAL_PRECISION(15);

}  // namespace

Draft::Draft(std::string_view text) {
  const std::string good = repaired(text);
  value_ = json_stringn_nocheck(good.data(), good.size());
  SALLYPORT_CHECK(value_ != nullptr);
}

std::optional<Draft> Draft::read(std::string_view text) {
  json_t* value = json_loadb(text.data(), text.size(), JSON_DECODE_ANY | JSON_ALLOW_NUL, nullptr);
  if (value == nullptr) return std::nullopt;
  return Draft(value);
}

Draft& Draft::set(std::string_view name, Draft value) & {
  const std::string good = repaired(name);
  json_t* const owned = std::exchange(value.value_, nullptr);
  SALLYPORT_CHECK(json_object_setn_new_nocheck(value_, good.data(), good.size(), owned) == 0);
  return *this;
}

Draft& Draft::add_members_of(const Draft& object) & {
  Draft copy = object;
  SALLYPORT_CHECK(json_object_update(value_, copy.value_) == 0);
  return *this;
}

Draft& Draft::add(Draft value) & {
  SALLYPORT_CHECK(json_array_append_new(value_, std::exchange(value.value_, nullptr)) == 0);
  return *this;
}

std::string Draft::dump() const { return dump_with(JSON_COMPACT); }

std::string Draft::dump_indented() const { return dump_with(JSON_INDENT(2)) + '\n'; }

std::string Draft::dump_with(std::size_t flags) const {
  std::string out;
  SALLYPORT_CHECK(json_dump_callback(value_, append, &out, flags | kFlags) == 0);
  const bool is_shown =
      std::all_of(out.begin(), out.end(), [](char c) { return c > 0 && c != 0x7f; });
  return is_shown ? out : escape_hidden(out);
}

}  // namespace sallyport::json
