#include "modules/bearer/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>

#include "gateway/base/text.h"
#include "modules/bearer/bearer.h"
#include "modules/bearer/key_source.h"
#include "tests/support/policy_harness.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_key.h"

namespace sallyport::bearer {
namespace {

using test::KeyKind;
using test::TestKey;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kEntry = "audience: [api]";

class BearerPlanTest : public testing::Test {
 protected:
  BearerPlanTest() {
    dir_.write("jwks.json", test::jwks({TestKey::make(KeyKind::p256).jwk("k1")}));
    harness_.folder(dir_.path());
  }

  // errors_with loads with one issuer whose lines are given.
  std::string errors_with(std::string_view issuer, std::string_view entry = kEntry) {
    std::string shared = "issuers:\n  as:\n    issuer: https://as.example\n";
    for_each_piece(issuer, '\n',
                   [&](std::string_view line) { shared += "    " + std::string(line) + "\n"; });
    harness_.shared(shared);
    harness_.load(entry);
    return harness_.errors();
  }

  std::ptrdiff_t key_sources() const {
    const auto all = harness_.services();
    return std::count_if(all.begin(), all.end(), [](const auto& service) {
      return dynamic_cast<const KeySource*>(service.get()) != nullptr;
    });
  }

  test::TempDir dir_;
  test::PolicyHarness harness_{module};
};

TEST_F(BearerPlanTest, NeedsOnlyIssuerKeysAlgorithmsAndAudience) {
  EXPECT_EQ(errors_with("jwks: {file: jwks.json}\nalgorithms: [ES256]"), "");
  const auto& plan = dynamic_cast<const BearerPlan&>(harness_.plan());
  EXPECT_EQ(plan.issuers.front().max_age, Seconds(900));
  EXPECT_EQ(plan.token_limit, 8192U);
  EXPECT_EQ(plan.issuers.size(), 1U);
  EXPECT_EQ(plan.issuers.front().settings.leeway, Seconds(10));
}

TEST_F(BearerPlanTest, HasNoDefaultForAlgorithms) {
  EXPECT_THAT(errors_with("jwks: {file: jwks.json}"), HasSubstr("algorithms"));
  EXPECT_THAT(errors_with("jwks: {file: jwks.json}\nalgorithms: []"), HasSubstr("algorithms"));
}

TEST_F(BearerPlanTest, NeedsNoKeysOfAnIssuerThatIsAsked) {
  const std::string asked =
      "introspection: {url: \"http://127.0.0.1:9/\", client_id: gw, client_secret: file:secret}";
  dir_.write("secret", "s3cret");
  EXPECT_THAT(errors_with(asked), Not(HasSubstr("error:")));
  const Issuer& issuer = dynamic_cast<const BearerPlan&>(harness_.plan()).issuers.front();
  EXPECT_EQ(issuer.keys->here(0), nullptr);
  EXPECT_EQ(key_sources(), 0);
  for (const auto& service : harness_.services()) EXPECT_FALSE(service->not_ready());
  EXPECT_THAT(errors_with("algorithms: [ES256]"),
              HasSubstr("issuers.as: needs `jwks`, where its keys are, or `introspection`"));
  EXPECT_THAT(errors_with("jwks: {file: jwks.json}\n" + asked),
              HasSubstr("`algorithms` is missing"));
}

TEST_F(BearerPlanTest, KnowsNoSymmetricAlgorithmAndNoNone) {
  EXPECT_THAT(errors_with("jwks: {file: jwks.json}\nalgorithms: [HS256]"), HasSubstr("HS256"));
  EXPECT_THAT(errors_with("jwks: {file: jwks.json}\nalgorithms: [none]"), HasSubstr("none"));
}

TEST_F(BearerPlanTest, HasNoDefaultForTheAudience) {
  EXPECT_THAT(errors_with("jwks: {file: jwks.json}\nalgorithms: [ES256]", "max_age: 900s"),
              HasSubstr("audience"));
}

TEST_F(BearerPlanTest, PrefersWhatTheChainSaysToWhatTheIssuerSays) {
  constexpr std::string_view kIssuer =
      "jwks: {file: jwks.json}\nalgorithms: [ES256]\naudience: [theirs]\nmax_age: 100s\n"
      "max_age_rule: lifetime";
  EXPECT_EQ(errors_with(kIssuer, "issuers: [as]"), "");
  const auto& first = dynamic_cast<const BearerPlan&>(harness_.plan()).issuers.front();
  EXPECT_THAT(first.audience, testing::ElementsAre("theirs"));
  EXPECT_EQ(first.max_age, Seconds(100));
  EXPECT_EQ(first.max_age_rule, MaxAgeRule::lifetime);
  EXPECT_EQ(errors_with(kIssuer, "audience: [ours]\nmax_age: 50s\nmax_age_rule: age"), "");
  const auto& second = dynamic_cast<const BearerPlan&>(harness_.plan()).issuers.front();
  EXPECT_THAT(second.audience, testing::ElementsAre("ours"));
  EXPECT_EQ(second.max_age, Seconds(50));
  EXPECT_EQ(second.max_age_rule, MaxAgeRule::age);
}

TEST_F(BearerPlanTest, LimitsTheLeeway) {
  EXPECT_THAT(errors_with("jwks: {file: jwks.json}\nalgorithms: [ES256]\nleeway: 61s"),
              HasSubstr("leeway"));
}

TEST_F(BearerPlanTest, WantsExactlyOnePlaceForTheKeys) {
  const std::string_view message = "name either a `file` or a `url`, and not both";
  EXPECT_THAT(errors_with("jwks: {}\nalgorithms: [ES256]"), HasSubstr(message));
  EXPECT_THAT(errors_with("jwks: {file: jwks.json, url: \"https://as.example/jwks\"}\n"
                          "algorithms: [ES256]"),
              HasSubstr(message));
}

TEST_F(BearerPlanTest, RefusesKeysOverPlainHttpFromElsewhere) {
  EXPECT_THAT(errors_with("jwks: {url: \"http://as.example/jwks\"}\nalgorithms: [ES256]"),
              AllOf(HasSubstr("jwks.url"), HasSubstr("plain http is for loopback")));
  EXPECT_EQ(errors_with("jwks: {url: \"http://localhost:9/jwks\"}\nalgorithms: [ES256]"), "");
}

TEST_F(BearerPlanTest, RefusesAUrlThatIsNone) {
  EXPECT_THAT(errors_with("jwks: {url: \"as.example/jwks\"}\nalgorithms: [ES256]"),
              HasSubstr("must begin with https://"));
}

TEST_F(BearerPlanTest, KeepsKeysLongerThanItTakesToFetchNewOnes) {
  const std::string url = "jwks: {url: \"https://as.example/jwks\"}\nalgorithms: [ES256]\n";
  EXPECT_THAT(errors_with(url + "refresh: 1h\nkeep: 1h"),
              HasSubstr("issuers.as.keep: `keep` must be longer than `refresh`"));
  EXPECT_EQ(errors_with(url + "refresh: 1h\nkeep: 2h"), "");
}

TEST_F(BearerPlanTest, ReadsTheCasOfTheKeyServerAtOnce) {
  EXPECT_THAT(errors_with("jwks: {url: \"https://as.example/\", ca: missing.pem}\n"
                          "algorithms: [ES256]"),
              AllOf(HasSubstr("jwks.ca"), HasSubstr("missing.pem")));
  EXPECT_THAT(errors_with("jwks: {file: jwks.json, ca: missing.pem}\nalgorithms: [ES256]"),
              HasSubstr("`ca` is for keys at an https `url`"));
}

TEST_F(BearerPlanTest, ReadsTheKeyFileAtOnce) {
  EXPECT_THAT(errors_with("jwks: {file: missing.json}\nalgorithms: [ES256]"),
              AllOf(HasSubstr("jwks.file"), HasSubstr("No such file")));
  dir_.write("empty.json", R"({"keys":[]})");
  EXPECT_THAT(errors_with("jwks: {file: empty.json}\nalgorithms: [ES256]"),
              HasSubstr("no usable key"));
  dir_.write("weak.json", test::jwks({TestKey::make(KeyKind::rsa1024).jwk("weak"),
                                      TestKey::make(KeyKind::p384).jwk("p384")}));
  EXPECT_THAT(errors_with("jwks: {file: weak.json}\nalgorithms: [ES256]"),
              AllOf(HasSubstr("weak: RSA key is not of 2048"), HasSubstr("p384: its algorithm")));
}

TEST_F(BearerPlanTest, WarnsOfKeysThatAreNotUsed) {
  dir_.write("jwks.json", test::jwks({TestKey::make(KeyKind::p256).jwk("k1"),
                                      TestKey::make(KeyKind::rsa1024).jwk("weak")}));
  EXPECT_THAT(errors_with("jwks: {file: jwks.json}\nalgorithms: [ES256, RS256]"),
              HasSubstr("warning: modules.bearer.issuers.as.jwks.file: key weak is not used: RSA "
                        "key is not of 2048"));
}

TEST_F(BearerPlanTest, SuggestsTheIssuerThatWasMeant) {
  EXPECT_THAT(errors_with("jwks: {file: jwks.json}\nalgorithms: [ES256]",
                          "audience: [api]\nissuers: [ass]"),
              HasSubstr("\"ass\" is not under modules.bearer.issuers; did you mean \"as\"?"));
}

TEST_F(BearerPlanTest, RefusesTwoIssuersOfOneName) {
  harness_.shared(R"(issuers:
  a: {issuer: "https://as.example", jwks: {file: jwks.json}, algorithms: [ES256]}
  b: {issuer: "https://as.example", jwks: {file: jwks.json}, algorithms: [ES256]}
)");
  EXPECT_FALSE(harness_.load("audience: [api]\nissuers: [a]"));
  EXPECT_THAT(harness_.errors(), HasSubstr("another issuer has the same `issuer`"));
}

TEST_F(BearerPlanTest, NeedsTheSharedSection) {
  EXPECT_FALSE(harness_.load(kEntry));
  EXPECT_THAT(harness_.errors(), HasSubstr("name at least one under modules.bearer.issuers"));
}

TEST_F(BearerPlanTest, SharesTheKeySourceBetweenEntries) {
  EXPECT_EQ(errors_with("jwks: {file: jwks.json}\nalgorithms: [ES256]"), "");
  EXPECT_EQ(errors_with("jwks: {file: jwks.json}\nalgorithms: [ES256]", "audience: [other]"), "");
  EXPECT_EQ(key_sources(), 1);
  EXPECT_EQ(errors_with("jwks: {file: jwks.json}\nalgorithms: [ES256, ES384]"), "");
  EXPECT_EQ(key_sources(), 2) << "what depends on other options is another one";
}

}  // namespace
}  // namespace sallyport::bearer
