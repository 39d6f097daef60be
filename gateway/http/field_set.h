#pragma once

// FieldSet is a set of names of fields, compared as HTTP compares them: without the case of
// letters, and to the octet otherwise, so that no look-alike of a name is in it.

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::http {

class FieldSet {
 public:
  explicit FieldSet(std::vector<std::string> names);

  bool contains(std::string_view name) const;
  // names are in lower case, by size and then by text, each once.
  std::span<const std::string> names() const { return names_; }

 private:
  static constexpr std::size_t kLongest = 64;  // names from this size on stand together

  std::vector<std::string> names_;
  std::array<std::size_t, kLongest + 2> begin_{};  // of each size; the last is the end
};

}  // namespace sallyport::http
