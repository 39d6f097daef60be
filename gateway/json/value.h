#pragma once

// Draft is a JSON value that is built or changed: an answer to an operator, a report, an entry of a
// store. It is jansson's tree with its order of insertion. What is written for every request has
// writers of its own (observe/json_line.h), and what peers send is read by json.h, which is strict.

#include <jansson.h>

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace sallyport::json {

class Draft {
 public:
  // Texts may be any octets: what is no UTF-8 becomes U+FFFD.
  Draft(std::string_view text);
  Draft(const std::string& text) : Draft(std::string_view(text)) {}
  Draft(const char* text) : Draft(std::string_view(text)) {}
  Draft(std::same_as<bool> auto value) : value_(json_boolean(value)) {}
  // A number beyond 2^63-1 becomes that.
  template <std::integral Number>
  requires(!std::same_as<Number, bool>) Draft(Number number) : value_(integer(number)) {}

  // A number with a fraction is written with at most 15 digits.
  Draft(double number) : value_(json_real(number)) {}

  Draft(Draft&& other) noexcept : value_(std::exchange(other.value_, nullptr)) {}
  Draft& operator=(Draft&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  Draft(const Draft& other) : value_(json_deep_copy(other.value_)) {}
  Draft& operator=(const Draft& other) { return *this = Draft(other); }
  ~Draft() { json_decref(value_); }

  static Draft null() { return Draft(json_null()); }
  static Draft object() { return Draft(json_object()); }
  static Draft array() { return Draft(json_array()); }
  // list makes an array of all elements of `from`.
  template <class Range>
  static Draft list(const Range& from) {
    Draft all = array();
    for (const auto& one : from) all.add(one);
    return all;
  }
  // read takes over a text that another writer of ours made; nothing: it is no JSON.
  static std::optional<Draft> read(std::string_view text);

  // set puts a member into an object: behind the others, or in the place of the one of that name.
  Draft& set(std::string_view name, Draft value) &;
  Draft&& set(std::string_view name, Draft value) && {
    return std::move(set(name, std::move(value)));
  }
  // text sets a member to a text; an empty one is left out.
  Draft& text(std::string_view name, std::string_view value) & {
    return value.empty() ? *this : set(name, value);
  }
  Draft&& text(std::string_view name, std::string_view value) && {
    return std::move(text(name, value));
  }
  // add_members_of sets all members of another object.
  Draft& add_members_of(const Draft& object) &;
  // add appends an element to an array.
  Draft& add(Draft value) &;
  Draft&& add(Draft value) && { return std::move(add(std::move(value))); }

  bool is_empty() const { return json_object_size(value_) + json_array_size(value_) == 0; }

  // dump writes it on one line without spaces. Characters that a reader does not see are escaped
  // (is_hidden in base/utf8.h), as append_quoted does.
  std::string dump() const;
  // dump_indented writes it for people: a member a line, two spaces a level, a line feed at the
  // end.
  std::string dump_indented() const;

 private:
  explicit Draft(json_t* owned) : value_(owned) {}
  template <std::integral Number>
  static json_t* integer(Number number) {
    constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
    return json_integer(std::cmp_greater(number, kMost) ? kMost : static_cast<json_int_t>(number));
  }

  std::string dump_with(std::size_t flags) const;

  json_t* value_;  // never null but when moved from
};

// error_text is the document {"error": text}.
inline std::string error_text(std::string_view text) {
  return Draft::object().set("error", text).dump();
}

}  // namespace sallyport::json
