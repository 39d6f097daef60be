#include "modules/quota/quota.h"

#include "tests/support/policy_harness.h"

namespace sallyport::quota {
namespace {

using test::Allowed;
using test::Call;
using test::DeniedWith;
using test::evidence_of;
using test::PolicyHarness;
using testing::HasSubstr;

const bool kCovered = test::require_every_reason(module);

policy::Verdict judge(PolicyHarness& harness, const policy::TokenClaims& claims, Call& call) {
  call.token(claims);
  call.exchange().started = {1'000'000};
  return harness.judge(call);
}

policy::Verdict judge(PolicyHarness& harness, const policy::TokenClaims& claims) {
  Call call;
  return judge(harness, claims, call);
}

// evidence_on copies the evidence while the call that owns it lives.
std::string evidence_on(PolicyHarness& harness, const policy::TokenClaims& claims) {
  Call call;
  return evidence_of(judge(harness, claims, call));
}

policy::TokenClaims claims_of(std::string subject, std::string client = "plaid") {
  policy::TokenClaims claims;
  claims.issuer = "https://as.example";
  claims.subject = std::move(subject);
  claims.client_id = std::move(client);
  claims.consent_id = "consent-" + claims.subject;
  return claims;
}

TEST(Quota, CountsBySubject) {
  PolicyHarness harness(module);
  harness.shared("limits: {user: {by: [subject], requests: 2, per: 1h}}");
  ASSERT_TRUE(harness.load("limits: [user]")) << harness.errors();
  EXPECT_THAT(judge(harness, claims_of("u1")), Allowed());
  EXPECT_THAT(judge(harness, claims_of("u1")), Allowed());
  EXPECT_THAT(judge(harness, claims_of("u1")), DeniedWith("quota.exceeded"));
  EXPECT_THAT(evidence_on(harness, claims_of("u1")), HasSubstr("subject=u1"));
  EXPECT_THAT(judge(harness, claims_of("u2")), Allowed());
  auto of_another_issuer = claims_of("u1");
  of_another_issuer.issuer = "https://other.example";
  EXPECT_THAT(judge(harness, of_another_issuer), Allowed());
}

TEST(Quota, AnOperatorsQuestionTakesNothing) {
  PolicyHarness harness(module);
  harness.shared("limits: {user: {by: [subject], requests: 1, per: 1h}}");
  ASSERT_TRUE(harness.load("limits: [user]")) << harness.errors();
  policy::Explanation explanation;
  for (int i = 0; i < 5; ++i) {
    Call call;
    call.exchange().facts.token = test::FactMaker::token(claims_of("u1"));
    call.exchange().started = {1'000'000};
    call.exchange().explanation = &explanation;
    EXPECT_THAT(harness.judge(call), Allowed());
  }
  EXPECT_THAT(judge(harness, claims_of("u1")), Allowed());
  EXPECT_THAT(judge(harness, claims_of("u1")), DeniedWith("quota.exceeded"));
}

TEST(Quota, CountsByClientAndConsent) {
  PolicyHarness harness(module);
  harness.shared(
      "limits: {c: {by: [client], requests: 3, per: 1h}, "
      "k: {by: [consent], requests: 1, per: 1h}}");
  ASSERT_TRUE(harness.load("limits: [c, k]")) << harness.errors();
  EXPECT_THAT(judge(harness, claims_of("u1")), Allowed());
  EXPECT_THAT(evidence_on(harness, claims_of("u1")), HasSubstr("consent=consent-u1"));
  EXPECT_THAT(judge(harness, claims_of("u2")), Allowed());
  EXPECT_THAT(judge(harness, claims_of("u3")), Allowed());
  EXPECT_THAT(evidence_on(harness, claims_of("u4")), HasSubstr("client=plaid"));
  EXPECT_THAT(judge(harness, claims_of("u4", "other")), Allowed());
}

TEST(Quota, TakesClaimsOfAnyLength) {
  PolicyHarness harness(module);
  harness.shared("limits: {user: {by: [subject, client, consent], requests: 1, per: 1h}}");
  ASSERT_TRUE(harness.load("limits: [user]")) << harness.errors();
  const std::string longest(100'000, 'x');
  EXPECT_THAT(judge(harness, claims_of(longest)), Allowed());
  EXPECT_THAT(judge(harness, claims_of(longest)), DeniedWith("quota.exceeded"));
  EXPECT_THAT(judge(harness, claims_of(longest + "y")), Allowed());
}

TEST(Quota, LimitsWhatIsUnderWay) {
  PolicyHarness harness(module);
  harness.shared("limits: {user: {by: [subject], concurrent: 1}}");
  ASSERT_TRUE(harness.load("limits: [user]")) << harness.errors();
  EXPECT_THAT(judge(harness, claims_of("u1")), Allowed());
  EXPECT_THAT(judge(harness, claims_of("u1")), DeniedWith("quota.concurrent"));
}

TEST(Quota, RefusesWhatItCannotCount) {
  PolicyHarness harness(module);
  harness.shared("keys: 1024\nlimits: {user: {by: [subject], requests: 1, per: 1h}}");
  ASSERT_TRUE(harness.load("limits: [user]")) << harness.errors();
  int full = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto verdict = judge(harness, claims_of(std::to_string(i)));
    if (verdict.index() == 0) continue;
    EXPECT_THAT(verdict, DeniedWith("quota.table_full"));
    ++full;
  }
  EXPECT_GT(full, 900);
}

}  // namespace
}  // namespace sallyport::quota
