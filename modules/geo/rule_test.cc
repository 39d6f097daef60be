#include "modules/geo/rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modules/geo/countries.h"

namespace sallyport::geo {
namespace {

using policy::Location;
using Match = Rule::Match;

constexpr Location kVienna{{'A', 'T'}, {'E', 'U'}, 64496};
constexpr Location kNowhere{};

TEST(Rule, CoversWhatAnyOfItsListsNames) {
  Rule rule;
  rule.add_country("CH");
  rule.add_asn(64500);
  EXPECT_EQ(rule.match(kVienna), Match::none);
  rule.add_asn(64496);
  EXPECT_EQ(rule.match(kVienna), Match::asn);
  rule.add_continent("EU");
  EXPECT_EQ(rule.match(kVienna), Match::continent);
  rule.add_country("AT");
  EXPECT_EQ(rule.match(kVienna), Match::country);
}

TEST(Rule, NeverCoversWhatIsNotKnown) {
  Rule rule;
  rule.add_country("AA");  // the first place of the set, as zeros must not be taken for it
  rule.add_country("AT");
  rule.add_continent("EU");
  rule.add_asn(1);
  EXPECT_EQ(rule.match(kNowhere), Match::none);
}

TEST(Rule, TellsACountryFromAContinentOfTheSameCode) {
  Rule countries, continents;
  countries.add_country("AS");     // American Samoa
  continents.add_continent("AS");  // Asia
  const Location samoa{{'A', 'S'}, {'O', 'C'}, 0};
  const Location tokyo{{'J', 'P'}, {'A', 'S'}, 0};
  EXPECT_EQ(countries.match(samoa), Match::country);
  EXPECT_EQ(countries.match(tokyo), Match::none);
  EXPECT_EQ(continents.match(samoa), Match::none);
  EXPECT_EQ(continents.match(tokyo), Match::continent);
}

TEST(Rule, LacksOnlyWhatItAsks) {
  Rule by_country, by_asn;
  by_country.add_country("AT");
  by_asn.add_asn(64496);
  const Location network_only{{}, {}, 64496};
  EXPECT_TRUE(by_country.lacks(network_only));
  EXPECT_FALSE(by_asn.lacks(network_only));
  EXPECT_FALSE(by_country.lacks(kVienna));
  EXPECT_TRUE(by_asn.lacks({{'A', 'T'}, {'E', 'U'}, 0}));
  EXPECT_FALSE(Rule().lacks(kNowhere));
}

TEST(Rule, TakesAsnsInAnyOrder) {
  Rule rule;
  for (const std::uint32_t asn : {4'294'967'295U, 5U, 1U, 70000U, 5U}) rule.add_asn(asn);
  for (const std::uint32_t asn : {1U, 5U, 70000U, 4'294'967'295U}) {
    EXPECT_EQ(rule.match({{}, {}, asn}), Match::asn) << asn;
  }
  for (const std::uint32_t asn : {0U, 2U, 6U, 4'294'967'294U}) {
    EXPECT_EQ(rule.match({{}, {}, asn}), Match::none) << asn;
  }
}

TEST(Countries, AreTheAssignedCodes) {
  int count = 0;
  for (char a = 'A'; a <= 'Z'; ++a) {
    for (char b = 'A'; b <= 'Z'; ++b) count += is_country(std::string{a, b});
  }
  EXPECT_EQ(count, 249 + 1);  // and XK
  for (const char* code : {"US", "CA", "GB", "NO", "NA", "ZW", "AD", "XK"}) {
    EXPECT_TRUE(is_country(code)) << code;
  }
  for (const char* code : {"", "U", "us", "UK", "EU", "XX", "USA", "AD AE", " US"}) {
    EXPECT_FALSE(is_country(code)) << code;
  }
}

TEST(Countries, SayWhatWasMeant) {
  EXPECT_THAT(country_problem("us"), testing::HasSubstr("did you mean \"US\"?"));
  EXPECT_THAT(country_problem("UK"), testing::HasSubstr("did you mean \"GB\"?"));
  EXPECT_THAT(country_problem("EU"), testing::HasSubstr("`continents`"));
  EXPECT_THAT(country_problem("USA"), testing::HasSubstr("no country code of ISO 3166-1"));
  EXPECT_THAT(continent_problem("eu"), testing::HasSubstr("did you mean \"EU\"?"));
}

}  // namespace
}  // namespace sallyport::geo
