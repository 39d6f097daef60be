#include "modules/address/address.h"

#include <list>

#include "modules/address/named_sets.h"
#include "tests/support/policy_harness.h"
#include "tests/support/temp_dir.h"

namespace sallyport::address {
namespace {

using test::Allowed;
using test::Call;
using test::DeniedWith;
using test::evidence_of;
using test::PolicyHarness;
using testing::HasSubstr;

const bool kCovered = test::require_every_reason(module);

// verdict_for judges a call from `client`.
policy::Verdict verdict_for(PolicyHarness& harness, std::string_view client) {
  static std::list<Call> calls;  // evidence lives as long as its call
  return harness.judge(calls.emplace_back().from(client));
}

TEST(Address, AllowsWhatIsListedAndRefusesTheRest) {
  PolicyHarness harness(module);
  ASSERT_TRUE(harness.load("allow: [192.0.2.0/24, 198.51.100.7, \"2001:db8::/32\"]"))
      << harness.errors();
  EXPECT_THAT(verdict_for(harness, "192.0.2.0"), Allowed());
  EXPECT_THAT(verdict_for(harness, "192.0.2.255"), Allowed());
  EXPECT_THAT(verdict_for(harness, "198.51.100.7"), Allowed());
  EXPECT_THAT(verdict_for(harness, "2001:db8:1::1"), Allowed());
  EXPECT_THAT(verdict_for(harness, "192.0.3.0"), DeniedWith("address.not_allowed"));
  EXPECT_THAT(verdict_for(harness, "198.51.100.8"), DeniedWith("address.not_allowed"));
  EXPECT_THAT(verdict_for(harness, "2001:db9::1"), DeniedWith("address.not_allowed"));
}

TEST(Address, AllowsARangeWithBothEnds) {
  PolicyHarness harness(module);
  ASSERT_TRUE(harness.load("allow: [192.0.2.5-192.0.2.9]")) << harness.errors();
  EXPECT_THAT(verdict_for(harness, "192.0.2.5"), Allowed());
  EXPECT_THAT(verdict_for(harness, "192.0.2.9"), Allowed());
  EXPECT_THAT(verdict_for(harness, "192.0.2.4"), DeniedWith("address.not_allowed"));
  EXPECT_THAT(verdict_for(harness, "192.0.2.10"), DeniedWith("address.not_allowed"));
}

TEST(Address, DenyGoesBeforeAllow) {
  PolicyHarness harness(module);
  ASSERT_TRUE(harness.load("allow: [192.0.2.0/24]\ndeny: [192.0.2.66]")) << harness.errors();
  EXPECT_THAT(verdict_for(harness, "192.0.2.66"), DeniedWith("address.denied"));
  EXPECT_THAT(verdict_for(harness, "192.0.2.67"), Allowed());
}

TEST(Address, TellsItsChecks) {
  PolicyHarness harness(module);
  ASSERT_TRUE(harness.load("allow: [192.0.2.0/24]\ndeny: [192.0.2.66]")) << harness.errors();
  const auto told = [&](std::string_view client) {
    Call call;
    const auto verdict = harness.judge(call.from(client));
    return test::checks_of(module, call, verdict);
  };
  EXPECT_EQ(told("192.0.2.67"), "deny+ allow+");
  EXPECT_EQ(told("192.0.2.66"), "deny- allow.");
  EXPECT_EQ(told("198.51.100.1"), "deny+ allow-");
}

TEST(Address, LeavesAsAFactThatTheAddressIsListed) {
  PolicyHarness harness(module);
  ASSERT_TRUE(harness.load("allow: [192.0.2.0/24]\ndeny: [192.0.2.66]")) << harness.errors();
  const auto is_fact = [&](std::string_view client) {
    Call call;
    (void)harness.judge(call.from(client));
    return call.exchange().facts.allowlisted.has_value();
  };
  EXPECT_TRUE(is_fact("192.0.2.1"));
  EXPECT_FALSE(is_fact("192.0.2.66"));
  EXPECT_FALSE(is_fact("203.0.113.1"));
}

TEST(Address, SaysWhoCalledAndNothingElse) {
  PolicyHarness harness(module);
  ASSERT_TRUE(harness.load("allow: [192.0.2.0/24]\ndeny: [192.0.2.66]")) << harness.errors();
  EXPECT_EQ(evidence_of(verdict_for(harness, "192.0.2.66")), "client=192.0.2.66");
  EXPECT_EQ(evidence_of(verdict_for(harness, "203.0.113.1")), "client=203.0.113.1");
}

TEST(Address, JudgesAMappedAddressAsTheIpv4AddressItIs) {
  PolicyHarness harness(module);
  ASSERT_TRUE(harness.load("allow: [192.0.2.0/24]")) << harness.errors();
  EXPECT_THAT(verdict_for(harness, "::ffff:192.0.2.1"), Allowed());
  EXPECT_THAT(verdict_for(harness, "::ffff:203.0.113.1"), DeniedWith("address.not_allowed"));
}

TEST(Address, KnowsPlaidsAddresses) {
  PolicyHarness harness(module);
  ASSERT_TRUE(harness.load("allow: [plaid-current, plaid-legacy]")) << harness.errors();
  for (const char* client : {"162.120.88.0", "162.120.91.255", "2602:f74b::1", "18.214.218.91",
                             "3.211.30.208", "3.214.25.67", "54.88.74.128", "54.208.59.10",
                             "54.88.202.28", "34.199.37.46", "3.219.116.195"}) {
    EXPECT_THAT(verdict_for(harness, client), Allowed()) << client;
  }
  for (const char* client : {"162.120.92.0", "162.120.87.255", "2602:f74c::1", "104.131.160.201"}) {
    EXPECT_THAT(verdict_for(harness, client), DeniedWith("address.not_allowed")) << client;
  }
}

TEST(Address, KeepsPlaidsOldAndNewSetsApart) {
  PolicyHarness harness(module);
  ASSERT_TRUE(harness.load("allow: [plaid-current]")) << harness.errors();
  EXPECT_THAT(verdict_for(harness, "18.214.218.91"), DeniedWith("address.not_allowed"));
  EXPECT_EQ(find_named_set("plaid-legacy")->entries.size(), 18u);
}

TEST(Address, ReadsEveryNamedSet) {
  for (const NamedSet& set : named_sets()) {
    PolicyHarness harness(module);
    EXPECT_TRUE(harness.load("allow: [" + std::string(set.name) + "]")) << harness.errors();
    EXPECT_FALSE(set.help.empty());
  }
}

TEST(Address, KnowsLoopback) {
  PolicyHarness harness(module);
  ASSERT_TRUE(harness.load("allow: [loopback]")) << harness.errors();
  EXPECT_THAT(verdict_for(harness, "127.0.0.2"), Allowed());
  EXPECT_THAT(verdict_for(harness, "::1"), Allowed());
  EXPECT_THAT(verdict_for(harness, "128.0.0.1"), DeniedWith("address.not_allowed"));
}

TEST(Address, SuggestsTheSetThatWasMeant) {
  PolicyHarness harness(module);
  EXPECT_FALSE(harness.load("allow: [plaid-curent]"));
  EXPECT_THAT(harness.errors(), HasSubstr("did you mean \"plaid-current\"?"));
  EXPECT_THAT(harness.errors(), HasSubstr("test.yaml:3:"));
}

TEST(Address, RefusesAnEmptyAllowList) {
  PolicyHarness harness(module);
  EXPECT_FALSE(harness.load("allow: []"));
  EXPECT_THAT(harness.errors(), HasSubstr("is empty: write at least one"));
  EXPECT_FALSE(harness.load("deny: [192.0.2.1]"));
  EXPECT_THAT(harness.errors(), HasSubstr("allow"));
}

TEST(Address, RefusesEntriesThatAreNoAddresses) {
  for (const char* entry : {"192.0.2.1/24", "192.0.2.256", "192.0.2.0/33", "192.0.2.9-192.0.2.1",
                            "2001:db8::/129", "192.0.2.1-2001:db8::1"}) {
    PolicyHarness harness(module);
    EXPECT_FALSE(harness.load("allow: [\"" + std::string(entry) + "\"]")) << entry;
    EXPECT_THAT(harness.errors(), HasSubstr("allow")) << entry;
  }
}

TEST(Address, ReadsAFileBesideTheConfiguration) {
  test::TempDir folder;
  folder.write("partners.txt",
               "# who may call\n\n192.0.2.0/24   # office\r\n  plaid-current\n2001:db8::1\n");
  PolicyHarness harness(module);
  harness.folder(folder.path());
  ASSERT_TRUE(harness.load("allow: [\"@partners.txt\"]")) << harness.errors();
  EXPECT_THAT(verdict_for(harness, "192.0.2.44"), Allowed());
  EXPECT_THAT(verdict_for(harness, "162.120.88.1"), Allowed());
  EXPECT_THAT(verdict_for(harness, "2001:db8::1"), Allowed());
  EXPECT_THAT(verdict_for(harness, "2001:db8::2"), DeniedWith("address.not_allowed"));
}

TEST(Address, NamesTheLineOfAMistakeInAFile) {
  test::TempDir folder;
  folder.write("partners.txt", "192.0.2.0/24\nnonsense\n");
  PolicyHarness harness(module);
  harness.folder(folder.path());
  EXPECT_FALSE(harness.load("allow: [\"@partners.txt\"]"));
  EXPECT_THAT(harness.errors(), HasSubstr("partners.txt:2:"));
}

TEST(Address, RefusesAMissingOrEmptyFile) {
  test::TempDir folder;
  folder.write("empty.txt", "# nobody yet\n");
  PolicyHarness harness(module);
  harness.folder(folder.path());
  EXPECT_FALSE(harness.load("allow: [\"@nowhere.txt\"]"));
  EXPECT_THAT(harness.errors(), HasSubstr("cannot read the address list"));
  EXPECT_FALSE(harness.load("allow: [\"@empty.txt\"]"));
  EXPECT_THAT(harness.errors(), HasSubstr("has no entry"));
}

TEST(Address, LimitsWhatAFileMayHave) {
  test::TempDir folder;
  std::string many;
  for (int i = 0; i < 200'001; ++i) many += "192.0.2.1\n";
  folder.write("many.txt", many);
  folder.write("long.txt", "192.0.2.1 #" + std::string(8 * 1024 * 1024, 'x'));
  PolicyHarness harness(module);
  harness.folder(folder.path());
  EXPECT_FALSE(harness.load("allow: [\"@many.txt\"]"));
  EXPECT_THAT(harness.errors(), HasSubstr("more than 200000 entries"));
  EXPECT_FALSE(harness.load("allow: [\"@long.txt\"]"));
  EXPECT_THAT(harness.errors(), HasSubstr("cannot read the address list"));
}

TEST(Address, DoesNotFollowAFileFromWithinAFile) {
  test::TempDir folder;
  folder.write("inner.txt", "192.0.2.1\n");
  folder.write("outer.txt", "@inner.txt\n");
  PolicyHarness harness(module);
  harness.folder(folder.path());
  EXPECT_FALSE(harness.load("allow: [\"@outer.txt\"]"));
}

}  // namespace
}  // namespace sallyport::address
