#pragma once

// The codes that rules may name: a rule for a country that does not exist would never say anything.

#include <string>
#include <string_view>

namespace sallyport::geo {

// is_country knows the officially assigned codes of ISO 3166-1 alpha-2, and XK, which databases use
// for Kosovo.
bool is_country(std::string_view code);
// is_continent knows AF, AN, AS, EU, NA, OC and SA.
bool is_continent(std::string_view code);

// country_problem and continent_problem say what to write instead of a code that is none.
std::string country_problem(std::string_view code);
std::string continent_problem(std::string_view code);

}  // namespace sallyport::geo
