#include "modules/geo/geo.h"

#include <list>

#include "tests/support/mmdb_writer.h"
#include "tests/support/policy_harness.h"
#include "tests/support/temp_dir.h"

namespace sallyport::geo {
namespace {

using test::Allowed;
using test::Call;
using test::DeniedWith;
using test::evidence_of;
using test::MmdbWriter;
using test::PolicyHarness;
using testing::HasSubstr;
using testing::Not;

const bool kCovered = test::require_every_reason(module);

constexpr const char* kNewYork = "192.0.2.1";      // US, NA, AS64496
constexpr const char* kToronto = "192.0.2.129";    // CA, NA, AS64496
constexpr const char* kVienna = "198.51.100.1";    // AT, EU, AS64500
constexpr const char* kSomewhere = "203.0.113.1";  // in Europe; no country, no ASN
constexpr const char* kOslo = "2001:db8::1";       // NO, EU; no ASN
constexpr const char* kPrivate = "10.0.0.1";       // in no database

class Geo : public testing::Test {
 protected:
  Geo() : harness_(module) {
    const std::int64_t now = wall_now().unix_seconds();
    folder_.write("country.mmdb", MmdbWriter("Test-Country")
                                      .built(now)
                                      .place("192.0.2.0/25", "US", "NA")
                                      .place("192.0.2.128/25", "CA", "NA")
                                      .place("198.51.100.0/24", "AT", "EU")
                                      .place("203.0.113.0/24", "", "EU")
                                      .place("2001:db8::/32", "NO", "EU")
                                      .bytes());
    folder_.write("asn.mmdb", MmdbWriter("Test-ASN")
                                  .built(now)
                                  .asn("192.0.2.0/24", 64496)
                                  .asn("198.51.100.0/24", 64500)
                                  .bytes());
    harness_.folder(folder_.path());
    harness_.shared("databases: {country: country.mmdb, asn: asn.mmdb}");
  }

  policy::Verdict from(Call& call, std::string_view client) {
    return harness_.judge(call.from(client));
  }
  policy::Verdict from(std::string_view client) { return from(calls_.emplace_back(), client); }

  test::TempDir folder_;
  PolicyHarness harness_;
  std::list<Call> calls_;  // evidence lives as long as its call
};

TEST_F(Geo, AllowsWhatIsListedAndRefusesTheRest) {
  ASSERT_TRUE(harness_.load("allow: {countries: [US, NO]}")) << harness_.errors();
  EXPECT_THAT(from(kNewYork), Allowed());
  EXPECT_THAT(from(kOslo), Allowed());
  EXPECT_THAT(from("::ffff:192.0.2.1"), Allowed());
  EXPECT_THAT(from(kToronto), DeniedWith("geo.not_allowed"));
  EXPECT_THAT(from(kVienna), DeniedWith("geo.not_allowed"));
}

TEST_F(Geo, AllowsByContinentAndByAsn) {
  ASSERT_TRUE(harness_.load("allow: {continents: [EU], asns: [64496]}")) << harness_.errors();
  EXPECT_THAT(from(kSomewhere), Allowed());
  EXPECT_THAT(from(kNewYork), Allowed()) << "any of the lists suffices";
  ASSERT_TRUE(harness_.load("allow: {asns: [64500]}")) << harness_.errors();
  EXPECT_THAT(from(kVienna), Allowed());
  EXPECT_THAT(from(kNewYork), DeniedWith("geo.not_allowed"));
}

TEST_F(Geo, DeniesByEachList) {
  ASSERT_TRUE(harness_.load("deny: {countries: [CA], continents: [EU], asns: [64496]}"))
      << harness_.errors();
  EXPECT_THAT(from(kToronto), DeniedWith("geo.country_denied"));
  EXPECT_THAT(from(kVienna), DeniedWith("geo.continent_denied"));
  EXPECT_THAT(from(kNewYork), DeniedWith("geo.asn_denied"));
  EXPECT_THAT(from(kPrivate), Allowed()) << "without `allow`, the unknown pass";
}

TEST_F(Geo, DenyGoesBeforeAllow) {
  ASSERT_TRUE(harness_.load("allow: {continents: [NA]}\ndeny: {countries: [CA]}"))
      << harness_.errors();
  EXPECT_THAT(from(kNewYork), Allowed());
  EXPECT_THAT(from(kToronto), DeniedWith("geo.country_denied"));
}

TEST_F(Geo, RefusesTheUnknownWhereThereIsAnAllowList) {
  ASSERT_TRUE(harness_.load("allow: {countries: [US]}")) << harness_.errors();
  for (const char* client : {kPrivate, kSomewhere, "127.0.0.1", "::1"}) {
    EXPECT_THAT(from(client), DeniedWith("geo.unknown_address")) << client;
  }
  ASSERT_TRUE(harness_.load("allow: {countries: [US]}\nunknown: allow")) << harness_.errors();
  EXPECT_THAT(from(kPrivate), Allowed());
  EXPECT_THAT(from(kVienna), DeniedWith("geo.not_allowed")) << "it is known";
}

TEST_F(Geo, RefusesTheUnknownWhereToldTo) {
  ASSERT_TRUE(harness_.load("deny: {countries: [CA]}\nunknown: deny")) << harness_.errors();
  EXPECT_THAT(from(kPrivate), DeniedWith("geo.unknown_address"));
  EXPECT_THAT(from(kNewYork), Allowed());
}

TEST_F(Geo, AsksOnlyForWhatTheRulesName) {
  ASSERT_TRUE(harness_.load("allow: {continents: [EU]}")) << harness_.errors();
  EXPECT_THAT(from(kSomewhere), Allowed()) << "its country does not matter";
  ASSERT_TRUE(harness_.load("allow: {continents: [EU]}\ndeny: {asns: [64496]}"));
  EXPECT_THAT(from(kOslo), DeniedWith("geo.unknown_address")) << "it could be in that ASN";
}

TEST_F(Geo, NeverBlocksAnAllowlistedAddressUnlessAsked) {
  ASSERT_TRUE(harness_.load("allow: {countries: [CA]}\ndeny: {countries: [US]}"));
  for (const char* client : {kNewYork, kVienna, kPrivate}) {
    Call partner, stranger;
    EXPECT_THAT(from(partner.allowlisted(), client), Allowed()) << client;
    EXPECT_THAT(from(stranger, client), Not(Allowed())) << client;
  }
  ASSERT_TRUE(harness_.load("deny: {countries: [US]}\neven_allowlisted: true"));
  Call partner;
  EXPECT_THAT(from(partner.allowlisted(), kNewYork), DeniedWith("geo.country_denied"));
}

TEST_F(Geo, TellsTheChecksThatItHas) {
  const auto told = [&](const char* client) {
    Call call;
    const auto verdict = from(call, client);
    return test::checks_of(module, call, verdict);
  };
  ASSERT_TRUE(harness_.load("allow: {countries: [US]}\ndeny: {asns: [64500]}"));
  EXPECT_EQ(told(kNewYork), "deny+ allow+");
  EXPECT_EQ(told(kToronto), "deny+ allow-");
  EXPECT_EQ(told(kVienna), "deny- allow.");
  EXPECT_EQ(told(kPrivate), "deny- allow.") << "it could be in that ASN";
  ASSERT_TRUE(harness_.load("allow: {countries: [US]}"));
  EXPECT_EQ(told(kNewYork), "allow+");
  EXPECT_EQ(told(kPrivate), "allow-") << "a reason that `deny` would have, too";
  ASSERT_TRUE(harness_.load("deny: {countries: [US]}"));
  EXPECT_EQ(told(kNewYork), "deny-");
  ASSERT_TRUE(harness_.load("allow: {countries: [CA]}"));
  Call partner;
  const auto verdict = from(partner.allowlisted(), kNewYork);
  EXPECT_EQ(test::checks_of(module, partner, verdict), "");
}

TEST_F(Geo, SaysWhereTheClientIsWhateverTheVerdict) {
  ASSERT_TRUE(harness_.load("deny: {countries: [CA]}")) << harness_.errors();
  EXPECT_EQ(evidence_of(from(kToronto)), "country=CA continent=NA asn=64496");
  EXPECT_EQ(evidence_of(from(kOslo)), "country=NO continent=EU asn=0");
  EXPECT_EQ(evidence_of(from(kPrivate)), "country=- continent=- asn=0");
}

TEST_F(Geo, LeavesTheLocationAsAFact) {
  ASSERT_TRUE(harness_.load("")) << harness_.errors();
  Call call;
  EXPECT_THAT(from(call, kVienna), Allowed());
  ASSERT_TRUE(call.exchange().facts.geo);
  const policy::Location& location = call.exchange().facts.geo->location();
  EXPECT_EQ(location.country(), "AT");
  EXPECT_EQ(location.continent(), "EU");
  EXPECT_EQ(location.asn, 64500u);
  EXPECT_EQ(call.exchange().facts.geo->tags(), "");
}

TEST_F(Geo, TagsWithoutRefusing) {
  ASSERT_TRUE(
      harness_.load("tag:\n  cloud: {asns: [64496]}\n  north: {continents: [NA]}\n"
                    "  alps: {countries: [AT, CH]}"))
      << harness_.errors();
  Call toronto, vienna, nowhere;
  EXPECT_THAT(evidence_of(from(toronto, kToronto)), HasSubstr("asn=64496 tags=cloud,north"));
  EXPECT_EQ(toronto.exchange().facts.geo->tags(), "cloud,north");
  EXPECT_THAT(from(vienna, kVienna), Allowed());
  EXPECT_EQ(vienna.exchange().facts.geo->tags(), "alps");
  EXPECT_THAT(from(nowhere, kPrivate), Allowed());
  EXPECT_EQ(nowhere.exchange().facts.geo->tags(), "");
}

TEST_F(Geo, TagsEvenWhatItRefuses) {
  ASSERT_TRUE(harness_.load("deny: {countries: [AT]}\ntag: {alps: {countries: [AT]}}"));
  Call call;
  const auto verdict = from(call, kVienna);
  EXPECT_THAT(verdict, DeniedWith("geo.country_denied"));
  EXPECT_THAT(evidence_of(verdict), HasSubstr("tags=alps"));
}

TEST_F(Geo, IsUnavailableUntilItHasItsDatabases) {
  harness_.broadcast().hold();
  ASSERT_TRUE(harness_.load("allow: {countries: [US]}")) << harness_.errors();
  EXPECT_THAT(from(kNewYork), DeniedWith("geo.unavailable"));
  Call partner;
  EXPECT_THAT(from(partner.allowlisted(), kNewYork), Allowed());
  ASSERT_TRUE(harness_.load("deny: {asns: [1]}")) << harness_.errors();
  EXPECT_THAT(from(kNewYork), DeniedWith("geo.unavailable"));
  ASSERT_TRUE(harness_.load("tag: {cloud: {asns: [64496]}}")) << harness_.errors();
  EXPECT_THAT(from(kNewYork), Allowed()) << "tags never refuse";
  harness_.broadcast().release();
  EXPECT_THAT(evidence_of(from(kNewYork)), HasSubstr("tags=cloud"));
}

TEST_F(Geo, WorksWithOneDatabase) {
  harness_.shared("databases: {asn: asn.mmdb}");
  ASSERT_TRUE(harness_.load("deny: {asns: [64500]}")) << harness_.errors();
  EXPECT_THAT(from(kVienna), DeniedWith("geo.asn_denied"));
  EXPECT_EQ(evidence_of(from(kNewYork)), "country=- continent=- asn=64496");
  EXPECT_FALSE(harness_.load("deny: {countries: [AT]}"));
  EXPECT_THAT(harness_.errors(), HasSubstr("modules.geo.databases.country"));
  harness_.shared("databases: {country: country.mmdb}");
  EXPECT_FALSE(harness_.load("tag: {cloud: {asns: [1]}}"));
  EXPECT_THAT(harness_.errors(), HasSubstr("modules.geo.databases.asn"));
}

TEST_F(Geo, RefusesRulesThatSayNothing) {
  for (const char* rules : {"allow: {}", "deny: {countries: []}", "tag: {x: {asns: []}}"}) {
    EXPECT_FALSE(harness_.load(rules)) << rules;
    EXPECT_THAT(harness_.errors(), HasSubstr("names nothing")) << rules;
  }
}

TEST_F(Geo, NamesThePlaceOfAWrongCode) {
  EXPECT_FALSE(harness_.load("allow: {countries: [US, UK], continents: [XX]}"));
  EXPECT_THAT(harness_.errors(),
              HasSubstr("policies.geo.allow.countries[1]: \"UK\" is no country"));
  EXPECT_THAT(harness_.errors(), HasSubstr("policies.geo.allow.continents[0]: \"XX\" is no conti"));
  EXPECT_FALSE(harness_.load("deny: {asns: [0]}"));
  EXPECT_FALSE(harness_.load("deny: {asns: [4294967296]}"));
}

TEST_F(Geo, LimitsTags) {
  EXPECT_FALSE(harness_.load("tag: {\"a,b\": {asns: [1]}}"));
  EXPECT_THAT(harness_.errors(), HasSubstr("a tag's name"));
  std::string many = "tag:";
  for (int i = 0; i < 17; ++i) many += "\n  t" + std::to_string(i) + ": {asns: [1]}";
  EXPECT_FALSE(harness_.load(many));
  EXPECT_THAT(harness_.errors(), HasSubstr("more than 16 rules"));
}

TEST_F(Geo, NeedsADatabaseThatIsThere) {
  PolicyHarness without(module);
  EXPECT_FALSE(without.load(""));
  EXPECT_THAT(without.errors(), HasSubstr("modules.geo.databases"));
  without.shared("databases: {}");
  EXPECT_FALSE(without.load(""));
  EXPECT_THAT(without.errors(), HasSubstr("names no file"));
  harness_.shared("databases: {country: none.mmdb}");
  EXPECT_FALSE(harness_.load(""));
  EXPECT_THAT(harness_.errors(), HasSubstr("none.mmdb: cannot be read: No such file or directory"));
  EXPECT_THAT(harness_.errors(), HasSubstr("error: modules.geo.databases.country: "));
}

TEST_F(Geo, WarnsOfAnOldDatabaseAndUsesIt) {
  folder_.write("old.mmdb",
                MmdbWriter("Test-Country").built(1'600'000'000).place("::/1", "US", "").bytes());
  harness_.shared("databases: {country: old.mmdb}");
  ASSERT_TRUE(harness_.load("allow: {countries: [US]}")) << harness_.errors();
  EXPECT_THAT(harness_.errors(), HasSubstr("warning: modules.geo.databases.country: "));
  EXPECT_THAT(from("2001:db8::9"), Allowed());
}

}  // namespace
}  // namespace sallyport::geo
