#include "modules/oauth/endpoint.h"

#include "modules/oauth/endpoint_fixture.h"
#include "modules/revocation/revocation_policy.h"

namespace sallyport::oauth {
namespace {

// What is known to be revoked is refused before it is asked whether enough is known:
// `on_unavailable: allow` lets pass what the second refuses, never what the first does.
class StaleEndpoint : public Guard {
 protected:
  void begin_stale(std::string_view kind) {
    load(kind);
    // Without a Redis there is nothing that could be stale: a follower is what gives this.
    auto& plan = static_cast<const revocation::RevocationPlan&>(revocations->plan());
    const_cast<revocation::RevocationPlan&>(plan).freshness = freshness;
  }
  // aged says that the last proof of life is that old.
  void aged(Milliseconds age) {
    harness->loop().refresh_clock();
    MonoTime proof = harness->loop().mono();
    proof.us -= age.count() * 1000;
    freshness->mark(proof);
  }
  policy::Verdict ask(std::string_view body) { return judge(body); }
  std::shared_ptr<revocation::Freshness> freshness = std::make_shared<revocation::Freshness>();
};

TEST_F(StaleEndpoint, NeedsFreshRevocationsForIssuedTokensOnly) {
  begin_stale("token");
  const std::string refresh = "grant_type=refresh_token&refresh_token=r&client_id=";
  aged(Milliseconds(1000));
  EXPECT_THAT(ask(refresh + "plaid"), Allowed());
  aged(Milliseconds(600'000));
  EXPECT_THAT(ask("grant_type=authorization_code&code=c&client_id=plaid"), Allowed());
  EXPECT_THAT(ask("grant_type=client_credentials&client_id=plaid"), Allowed());
  const auto verdict = ask(refresh + "plaid");
  EXPECT_THAT(verdict, DeniedWith("revocation.stale"));
  EXPECT_EQ(test::checks_of(module, *call, verdict), "oauth_request+ grants+ freshness-");
  EXPECT_THAT(revocations->command("revoke", R"({"unit":"client","value":"plaid"})"),
              testing::StartsWith("200 "));
  EXPECT_THAT(ask(refresh + "plaid"), DeniedWith("revocation.grant"));
  EXPECT_THAT(ask(refresh + "other"), DeniedWith("revocation.stale"));
  EXPECT_THAT(ask("grant_type=refresh_token&Refresh_Token=r"),
              DeniedWith("revocation.oauth_request"));
}

TEST_F(StaleEndpoint, RevokesWithoutFreshRevocations) {
  begin_stale("revocation");
  aged(Milliseconds(600'000));
  EXPECT_THAT(ask("token=t&client_id=plaid"), Allowed());
  EXPECT_THAT(ask("client_id=plaid"), DeniedWith("revocation.oauth_request"));
}

TEST_F(StaleEndpoint, IsJudgedWhileTheStoreCannotBeRead) {
  load();
  PolicyHarness unread(revocation::module);
  unread.folder(folder.path()).shared("store:\n  path: store");
  unread.needed_later({policy::Fact::revocations});
  ASSERT_TRUE(unread.load("")) << unread.errors();
  PolicyHarness second(module, &unread);
  second.folder(folder.path())
      .shared("authorization_servers:\n  bank: {}\ngrants:\n  path: others");
  ASSERT_TRUE(second.load("kind: token\nserver: bank")) << second.errors();
  second.settle();
  const auto judged = [&](std::string_view body) {
    call = std::make_unique<Call>();
    call->method("POST").body(body).at(now);
    call->header("Content-Type", "application/x-www-form-urlencoded");
    return second.finish(second.judge(*call), *call);
  };
  EXPECT_THAT(judged("grant_type=refresh_token&refresh_token=r;x=y"),
              DeniedWith("revocation.oauth_request"));
  for (const char* body :
       {"grant_type=refresh_token&refresh_token=r", "grant_type=authorization_code"}) {
    const auto verdict = judged(body);
    EXPECT_THAT(verdict, DeniedWith("revocation.unavailable")) << body;
    EXPECT_THAT(test::checks_of(module, *call, verdict), HasSubstr("freshness-"));
  }
}

}  // namespace
}  // namespace sallyport::oauth
