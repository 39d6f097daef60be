#include "modules/scope/scope.h"

#include "tests/support/policy_harness.h"

namespace sallyport::scope {
namespace {

using test::Allowed;
using test::Call;
using test::DeniedWith;
using test::evidence_of;
using test::PolicyHarness;
using testing::HasSubstr;

const bool kCovered = test::require_every_reason(module);

policy::Verdict verdict_for(PolicyHarness& harness, Call& call, std::vector<std::string> scopes) {
  policy::TokenClaims claims;
  claims.client_id = "plaid";
  claims.scopes = std::move(scopes);
  for (const std::string& scope : claims.scopes) claims.scope_text += scope + " ";
  call.token(std::move(claims));
  return harness.judge(call);
}

std::string hint_of(const policy::Verdict& verdict) {
  return std::string(std::get<policy::MissingScope>(std::get<policy::Deny>(verdict).hint).scope);
}

TEST(Scope, DemandsEveryRequiredScope) {
  PolicyHarness harness(module);
  ASSERT_TRUE(harness.load("require: [Account, Transactions]")) << harness.errors();
  Call call;
  EXPECT_THAT(verdict_for(harness, call, {"Transactions", "openid", "Account"}), Allowed());
  EXPECT_THAT(verdict_for(harness, call, {"Account"}), DeniedWith("scope.missing"));
  EXPECT_THAT(verdict_for(harness, call, {"Transactions"}), DeniedWith("scope.missing"));
  EXPECT_THAT(verdict_for(harness, call, {}), DeniedWith("scope.missing"));
}

TEST(Scope, IsContentWithAnyOfSeveral) {
  PolicyHarness harness(module);
  ASSERT_TRUE(harness.load("any_of: [\"fdx:accountbasic:read\", ACCOUNT_BASIC]"))
      << harness.errors();
  Call call;
  EXPECT_THAT(verdict_for(harness, call, {"ACCOUNT_BASIC"}), Allowed());
  EXPECT_THAT(verdict_for(harness, call, {"fdx:accountbasic:read"}), Allowed());
  const auto verdict = verdict_for(harness, call, {"openid"});
  EXPECT_THAT(verdict, DeniedWith("scope.missing"));
  EXPECT_EQ(hint_of(verdict), "fdx:accountbasic:read");
}

TEST(Scope, DemandsBothListsWhenBothAreGiven) {
  PolicyHarness harness(module);
  ASSERT_TRUE(harness.load("require: [openid]\nany_of: [a, b]")) << harness.errors();
  Call call;
  EXPECT_THAT(verdict_for(harness, call, {"openid", "b"}), Allowed());
  EXPECT_THAT(verdict_for(harness, call, {"b"}), DeniedWith("scope.missing"));
  EXPECT_EQ(hint_of(verdict_for(harness, call, {"openid"})), "openid a");
}

TEST(Scope, ComparesWholeScopesInTheirCase) {
  PolicyHarness harness(module);
  ASSERT_TRUE(harness.load("require: [Account]")) << harness.errors();
  Call call;
  for (const char* near : {"account", "Accounts", "Accoun", "Account Customer", " Account"}) {
    EXPECT_THAT(verdict_for(harness, call, {near}), DeniedWith("scope.missing")) << near;
  }
}

TEST(Scope, TellsTheClientWhatToAskForAndTheOperatorWhatLacks) {
  PolicyHarness harness(module);
  ASSERT_TRUE(harness.load("require: [Account, Customer]")) << harness.errors();
  Call call;
  const auto verdict = verdict_for(harness, call, {"Account"});
  EXPECT_EQ(hint_of(verdict), "Account Customer");
  EXPECT_THAT(evidence_of(verdict), HasSubstr("missing=Customer client_id=plaid"));
}

TEST(Scope, RefusesAnEntryWithoutScopes) {
  PolicyHarness harness(module);
  EXPECT_FALSE(harness.load(""));
  EXPECT_THAT(harness.errors(), HasSubstr("names no scope"));
  EXPECT_FALSE(harness.load("require: []\nany_of: []"));
}

TEST(Scope, RefusesWhatIsNoScope) {
  for (const char* text : {"Account Customer", "", "a\\\\b", "a\\\"b", "\\u00e4"}) {
    PolicyHarness harness(module);
    EXPECT_FALSE(harness.load("require: [\"" + std::string(text) + "\"]")) << text;
    EXPECT_THAT(harness.errors(), HasSubstr("require[0]")) << text;
  }
}

}  // namespace
}  // namespace sallyport::scope
