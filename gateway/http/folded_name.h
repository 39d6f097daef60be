#pragma once

// Names of fields as a server sees them that makes variables of them: the case of letters is gone,
// and what is neither letter nor digit is one character (CGI and WSGI do so with "-" and "_", some
// web servers with every octet). Here it is "-", and letters are lower case.

#include <array>
#include <cstddef>
#include <string_view>

#include "gateway/base/text.h"
#include "gateway/http/chars.h"

namespace sallyport::http {

namespace folded_name_detail {

constexpr std::array<char, 256> make_fold_table() {
  std::array<char, 256> table{};
  for (std::size_t octet = 0; octet < table.size(); ++octet) {
    const char c = static_cast<char>(octet);
    table[octet] = is_char(c, kPlainNameChar) || !is_char(c, kTokenChar) ? to_lower(c) : '-';
  }
  return table;
}

inline constexpr std::array<char, 256> kFold = make_fold_table();

}  // namespace folded_name_detail

constexpr char fold(char c) { return folded_name_detail::kFold[static_cast<unsigned char>(c)]; }

// folds_to compares a name of any spelling with one that is folded.
constexpr bool folds_to(std::string_view name, std::string_view folded) {
  if (name.size() != folded.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (fold(name[i]) != folded[i]) return false;
  }
  return true;
}

// folds_to_prefix says whether `name` begins with `folded` in some spelling.
constexpr bool folds_to_prefix(std::string_view name, std::string_view folded) {
  return name.size() >= folded.size() && folds_to(name.substr(0, folded.size()), folded);
}

}  // namespace sallyport::http
