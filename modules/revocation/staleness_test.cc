#include "modules/revocation/staleness.h"

#include "gateway/policy/revocations.h"
#include "gateway/policy/token_authority.h"
#include "modules/revocation/revocation.h"
#include "modules/revocation/revocation_policy.h"
#include "tests/support/policy_harness.h"
#include "tests/support/temp_dir.h"

namespace sallyport::revocation {
namespace {

using test::Allowed;
using test::Call;
using test::DeniedWith;
using test::evidence_of;
using testing::HasSubstr;

class Issuer final : public policy::TokenAuthority {
 public:
  policy::Verdict ask(policy::Exchange& exchange, std::string_view token, Then then) override {
    asked = token;
    return then(exchange, answer);
  }
  Result<bool> answer = true;
  std::string asked;
};

class Stale : public testing::Test {
 protected:
  void load(std::string_view options) {
    harness.folder(folder.path()).shared("store:\n  path: store");
    ASSERT_TRUE(harness.load(options)) << harness.errors();
    // Without a Redis there is nothing that could be stale: a follower is what gives this.
    const_cast<RevocationPlan&>(static_cast<const RevocationPlan&>(harness.plan())).freshness =
        freshness;
  }
  // aged says that the last proof of life is that old.
  void aged(Milliseconds age) {
    harness.loop().refresh_clock();
    MonoTime proof = harness.loop().mono();
    proof.us -= age.count() * 1000;
    freshness->mark(proof);
  }
  policy::Verdict judge(std::string_view method = "GET", bool has_token = true) {
    call = std::make_unique<Call>();
    call->method(method).at(wall_now().unix_seconds());
    policy::TokenClaims claims;
    claims.token_id = "token-1";
    if (has_token) {
      call->exchange().facts.token.emplace(
          test::FactMaker::token(std::move(claims), authority, "the-token"));
    }
    return harness.judge(*call);
  }
  double count(std::string_view outcome) {
    for (const auto& metric : harness.metrics()) {
      if (metric.name == "revocation_stale_requests_total" && metric.label_value == outcome) {
        return metric.value;
      }
    }
    return -1;
  }

  test::TempDir folder;
  test::PolicyHarness harness{module};
  std::shared_ptr<Freshness> freshness = std::make_shared<Freshness>();
  Issuer issuer;
  policy::TokenAuthority* authority = &issuer;
  std::unique_ptr<Call> call;
};

TEST_F(Stale, IsNothingWhileTheProofIsYoung) {
  load("on_stale: deny");
  aged(Milliseconds(4000));
  EXPECT_THAT(judge(), Allowed());
  EXPECT_THAT(judge("POST"), Allowed());
  aged(Milliseconds(6000));
  EXPECT_THAT(judge(), DeniedWith("revocation.stale"));
  EXPECT_THAT(evidence_of(judge()), HasSubstr("age_ms="));
  EXPECT_EQ(count("denied"), 2);
}

TEST_F(Stale, ByDefaultIsToleratedForAWhileByWhatReadsWithAToken) {
  load("");
  aged(Milliseconds(60'000));
  EXPECT_THAT(judge("GET"), Allowed());
  EXPECT_THAT(judge("HEAD"), Allowed());
  EXPECT_THAT(judge("OPTIONS"), Allowed());
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH"}) {
    EXPECT_THAT(judge(method), DeniedWith("revocation.stale")) << method;
  }
  EXPECT_THAT(judge("GET", false), DeniedWith("revocation.stale"));
  EXPECT_EQ(count("allowed"), 3);
  aged(Milliseconds(301'000));
  EXPECT_THAT(judge("GET"), DeniedWith("revocation.stale"));
}

TEST_F(Stale, TellsTheClientWhenToComeAgain) {
  load("on_stale: deny");
  aged(Milliseconds(6000));
  const auto verdict = judge();
  const auto& denied = std::get<policy::Deny>(verdict);
  EXPECT_EQ(denied.reason->kind, policy::ErrorClass::unavailable);
  EXPECT_TRUE(std::holds_alternative<policy::RetryAfter>(denied.hint));
}

TEST_F(Stale, IsAllowedToEveryMethodWhereTheChainSaysSo) {
  load("on_stale: allow\nallow_for: 1m\nfresh_for: 2s");
  aged(Milliseconds(59'000));
  EXPECT_THAT(judge("POST"), Allowed());
  EXPECT_THAT(evidence_of(judge("POST")), HasSubstr("revocations_age_ms=59"));
  aged(Milliseconds(61'000));
  EXPECT_THAT(judge("GET"), DeniedWith("revocation.stale"));
}

TEST_F(Stale, IsNeverAllowedBeforeTheFirstProof) {
  load("on_stale: allow");
  EXPECT_THAT(judge(), DeniedWith("revocation.stale"));
  EXPECT_EQ(evidence_of(judge()), "age_ms=never");
}

TEST_F(Stale, AsksTheIssuer) {
  load("on_stale: introspect");
  aged(Milliseconds(6000));
  EXPECT_THAT(judge("POST"), Allowed());
  EXPECT_EQ(issuer.asked, "the-token");
  issuer.answer = false;
  EXPECT_THAT(judge(), DeniedWith("revocation.inactive"));
  issuer.answer = Error{Fault::dependency, "no answer"};
  EXPECT_THAT(judge(), DeniedWith("revocation.stale"));
  EXPECT_THAT(evidence_of(judge()), HasSubstr("no answer"));
  authority = nullptr;
  EXPECT_THAT(judge(), DeniedWith("revocation.stale"));
  EXPECT_THAT(judge("GET", false), DeniedWith("revocation.stale"));
  EXPECT_EQ(count("active"), 1);
  EXPECT_EQ(count("inactive"), 1);
  EXPECT_EQ(count("unanswered"), 4);
}

TEST_F(Stale, IsToldAsACheck) {
  const auto told = [&](const policy::Verdict& verdict) {
    return test::checks_of(module, *call, verdict);
  };
  load("on_stale: introspect");
  aged(Milliseconds(1000));
  EXPECT_EQ(told(judge()), "store+ revocations+ freshness+");
  aged(Milliseconds(6000));
  EXPECT_EQ(told(judge()), "store+ revocations+ freshness+") << "the issuer vouches for it";
  issuer.answer = false;
  EXPECT_EQ(told(judge()), "store+ revocations+ freshness-");
  harness.command("revoke", R"({"unit":"jti","value":"token-1"})");
  EXPECT_EQ(told(judge()), "store+ revocations- freshness.");
}

TEST_F(Stale, DoesNotExcuseWhatIsKnownToBeRevoked) {
  load("on_stale: allow");
  aged(Milliseconds(6000));
  harness.command("revoke", R"({"unit":"jti","value":"token-1"})");
  EXPECT_THAT(judge(), DeniedWith("revocation.token"));
}

TEST_F(Stale, RefusesRulesThatItDoesNotKnow) {
  harness.folder(folder.path()).shared("store:\n  path: store");
  EXPECT_FALSE(harness.load("on_stale: perhaps"));
  EXPECT_FALSE(harness.load("fresh_for: 1ms"));
}

// A later policy that asks for the revocations judges by itself whether enough is known.
TEST_F(Stale, IsLeftToALaterPolicyThatAsks) {
  harness.needed_later({policy::Fact::revocations});
  load("on_stale: deny");
  aged(Milliseconds(600'000));
  const auto verdict = judge("POST", false);
  EXPECT_THAT(verdict, Allowed());
  EXPECT_EQ(test::checks_of(module, *call, verdict), "store+ revocations+");
  ASSERT_TRUE(call->exchange().facts.revocations);
  auto& asked = call->exchange().facts.revocations->ask();
  EXPECT_TRUE(asked.is_known() && asked.may_lag());
  EXPECT_THAT(asked.judge_certainty(call->exchange()), DeniedWith("revocation.stale"));
  EXPECT_EQ(count("denied"), 1);
}

}  // namespace
}  // namespace sallyport::revocation
