#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sallyport::policy {

// Location is what databases know of an address. A code is two capital letters, or two zeros when
// it is not known.
struct Location {
  std::array<char, 2> country_code{};  // ISO 3166-1 alpha-2
  std::array<char, 2> continent_code{};
  std::uint32_t asn = 0;  // zero: not known

  std::string_view country() const { return text(country_code); }
  std::string_view continent() const { return text(continent_code); }
  friend bool operator==(const Location&, const Location&) = default;

 private:
  static std::string_view text(const std::array<char, 2>& code) {
    return {code.data(), code[0] == 0 ? 0 : code.size()};
  }
};

}  // namespace sallyport::policy
