#pragma once

// Rule is a set of locations: countries, continents and ASNs. It covers a location when any of its
// lists names it.

#include <array>
#include <bitset>
#include <cstdint>
#include <string_view>
#include <vector>

#include "gateway/policy/location.h"

namespace sallyport::geo {

class Rule {
 public:
  enum class Match : std::uint8_t { none, country, continent, asn };

  // Codes are two capital letters.
  void add_country(std::string_view code);
  void add_continent(std::string_view code);
  void add_asn(std::uint32_t asn);

  // match returns the list that names the location; the first of countries, continents, ASNs.
  Match match(const policy::Location& location) const;
  // lacks says whether something that the rule asks for is not known of the location.
  bool lacks(const policy::Location& location) const;

  bool is_empty() const { return !asks_place() && !asks_asn(); }
  // asks_place: for country or continent, which one database knows.
  bool asks_place() const { return countries_.any() || continents_.any(); }
  bool asks_asn() const { return !asns_.empty(); }

 private:
  using Codes = std::bitset<26 * 26>;
  static std::size_t index_of(char first, char second);
  static bool contains(const Codes& codes, const std::array<char, 2>& code);

  Codes countries_;
  Codes continents_;
  std::vector<std::uint32_t> asns_;  // sorted
};

}  // namespace sallyport::geo
