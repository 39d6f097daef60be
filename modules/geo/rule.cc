#include "modules/geo/rule.h"

#include <algorithm>

namespace sallyport::geo {

std::size_t Rule::index_of(char first, char second) {
  return static_cast<std::size_t>((first - 'A') * 26 + (second - 'A'));
}

bool Rule::contains(const Codes& codes, const std::array<char, 2>& code) {
  return code[0] != 0 && codes.test(index_of(code[0], code[1]));
}

void Rule::add_country(std::string_view code) { countries_.set(index_of(code[0], code[1])); }
void Rule::add_continent(std::string_view code) { continents_.set(index_of(code[0], code[1])); }

void Rule::add_asn(std::uint32_t asn) { asns_.insert(std::ranges::lower_bound(asns_, asn), asn); }

Rule::Match Rule::match(const policy::Location& location) const {
  if (contains(countries_, location.country_code)) return Match::country;
  if (contains(continents_, location.continent_code)) return Match::continent;
  if (location.asn != 0 && std::ranges::binary_search(asns_, location.asn)) return Match::asn;
  return Match::none;
}

bool Rule::lacks(const policy::Location& location) const {
  return (countries_.any() && location.country().empty()) ||
         (continents_.any() && location.continent().empty()) || (asks_asn() && location.asn == 0);
}

}  // namespace sallyport::geo
