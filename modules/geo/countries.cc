#include "modules/geo/countries.h"

#include "gateway/base/text.h"

namespace sallyport::geo {
namespace {

constexpr std::string_view kCountries =
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR "
    "BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ "
    "EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW "
    "GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY "
    "KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV "
    "MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY "
    "QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG "
    "TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA "
    "ZM ZW";
constexpr std::string_view kContinents = "AF AN AS EU NA OC SA";

bool is_in(std::string_view list, std::string_view code) {
  bool found = false;
  for_each_piece(list, ' ', [&](std::string_view piece) { found = found || piece == code; });
  return found;
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

std::string hint(std::string_view list, std::string_view code) {
  const std::string capital = upper(code);
  return is_in(list, capital) ? " (did you mean \"" + capital + "\"?)" : "";
}

}  // namespace

bool is_country(std::string_view code) { return is_in(kCountries, code); }
bool is_continent(std::string_view code) { return is_in(kContinents, code); }

std::string country_problem(std::string_view code) {
  const std::string_view word = code.substr(0, 40);
  // The slips that are no matter of letters.
  const std::string more = code == "UK"   ? " (did you mean \"GB\"?)"
                           : code == "EU" ? " (\"EU\" is a continent: see `continents`)"
                                          : hint(kCountries, code);
  return "\"" + std::string(word) + "\" is no country code of ISO 3166-1, such as US" + more;
}

std::string continent_problem(std::string_view code) {
  return "\"" + std::string(code.substr(0, 40)) + "\" is no continent code; write one of " +
         std::string(kContinents) + hint(kContinents, code);
}

}  // namespace sallyport::geo
