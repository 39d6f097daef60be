#include "modules/oauth/token_endpoint.h"

#include "modules/oauth/endpoint_fixture.h"

namespace sallyport::oauth {
namespace {

const bool kCovered = test::require_every_reason(module);

TEST_F(Guard, TellsItsChecks) {
  load();
  const auto told = [&](const policy::Verdict& verdict) {
    return test::checks_of(module, *call, verdict);
  };
  EXPECT_EQ(told(judge("grant_type=authorization_code&code=c&client_id=plaid")), "oauth_request+");
  EXPECT_EQ(told(*answer(R"({"access_token":"a","refresh_token":"refresh-1","expires_in":9})")),
            "grants+");
  EXPECT_EQ(told(judge(refresh("refresh-1"))), "oauth_request+ grants+");
  revoke(R"("unit":"client","value":"plaid")");
  EXPECT_EQ(told(judge(refresh("refresh-1"))), "oauth_request+ grants-");
  EXPECT_EQ(told(judge("a=1&a=2&grant_type=x&grant_type=y")), "oauth_request-");
}

TEST_F(Guard, RefusesARefreshTokenOfWhoeverIsRevoked) {
  load();
  issue("refresh-1", now - 100);
  EXPECT_THAT(judge(refresh("refresh-1")), Allowed());
  for (const std::string name :
       {R"("unit":"subject","value":"user-1")", R"("unit":"client","value":"plaid")",
        R"("unit":"consent","value":"consent-1")"}) {
    EXPECT_THAT(revoke(name), StartsWith("200 "));
    EXPECT_THAT(judge(refresh("refresh-1")), DeniedWith("revocation.grant")) << name;
    EXPECT_THAT(revocations->command("reinstate", "{" + name + "}"), StartsWith("200 "));
    EXPECT_THAT(judge(refresh("refresh-1")), Allowed()) << name;
  }
}

TEST_F(Guard, RefusesAsRfc6749Says) {
  load();
  issue("refresh-1", now - 100);
  revoke(R"("unit":"subject","value":"user-1")");
  const auto verdict = judge(refresh("refresh-1"));
  EXPECT_EQ(std::get<policy::Deny>(verdict).reason->kind, policy::ErrorClass::invalid_grant);
  EXPECT_EQ(evidence_of(verdict), "subject=user-1 granted=" + std::to_string(now - 100));
}

TEST_F(Guard, SparesWhatWasGrantedAfterTheCutoff) {
  load();
  issue("refresh-1", now - 10);
  revoke(R"("unit":"subject","value":"user-1","cutoff":)" + std::to_string(now - 50));
  EXPECT_THAT(judge(refresh("refresh-1")), Allowed());
}

TEST_F(Guard, KnowsOnlyTheClientOfATokenThatItHasNotSeen) {
  load();
  revoke(R"("unit":"subject","value":"user-1")");
  EXPECT_THAT(judge(refresh("never-seen")), Allowed());
  revoke(R"("unit":"client","value":"plaid")");
  EXPECT_THAT(judge(refresh("never-seen")), DeniedWith("revocation.grant"));
  EXPECT_THAT(judge(refresh("never-seen", "another")), Allowed());
  const std::string basic = "Basic " + crypto::encode_base64("pl%61id:secret");
  EXPECT_THAT(judge("grant_type=refresh_token&refresh_token=x", 0,
                    "application/x-www-form-urlencoded; charset=UTF-8", basic),
              DeniedWith("revocation.grant"));
  EXPECT_THAT(judge("grant_type=refresh_token&refresh_token=x&client_assertion=" +
                    jwt(R"({"sub":"plaid"})")),
              DeniedWith("revocation.grant"));
  // A code is a new decision of the user: it is the server's to refuse.
  EXPECT_THAT(judge("grant_type=authorization_code&code=c&client_id=plaid"), Allowed());
}

TEST_F(Guard, JudgesTokensThatAreExchanged) {
  load();
  issue("refresh-1", now - 100);
  const std::string exchange =
      "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token=";
  EXPECT_THAT(judge(exchange + "refresh-1"), Allowed());
  revoke(R"("unit":"subject","value":"user-1")");
  EXPECT_THAT(judge(exchange + "refresh-1"), DeniedWith("revocation.grant"));
  EXPECT_THAT(judge(exchange + "x&actor_token=refresh-1"), DeniedWith("revocation.grant"));
  EXPECT_THAT(judge(exchange + "of-another-issuer"), Allowed());
  // A refresh token is judged whatever the grant is said to be.
  EXPECT_THAT(judge("grant_type=password&refresh_token=refresh-1"), DeniedWith("revocation.grant"));
}

TEST_F(Guard, RefusesAClientByEveryReadingOfItsName) {
  load();
  revoke(R"("unit":"client","value":"a+b")");
  EXPECT_THAT(judge("grant_type=refresh_token&refresh_token=x&client_id=a+b"),
              DeniedWith("revocation.grant"));
  EXPECT_THAT(
      judge("grant_type=refresh_token&refresh_token=x", 0, "application/x-www-form-urlencoded",
            "Basic " + crypto::encode_base64("a+b:secret")),
      DeniedWith("revocation.grant"));
}

TEST_F(Guard, TakesTheOneQueryThatItWasTold) {
  load();
  ASSERT_TRUE(harness->load("kind: token\nserver: bank\nquery: tenant=retail"))
      << harness->errors();
  harness->settle();
  for (const auto& [target, good] :
       {std::pair("/token", true), std::pair("/token?tenant=retail", true),
        std::pair("/token?tenant=other", false)}) {
    call = std::make_unique<Call>();
    call->method("POST").target(target).body("grant_type=x").at(now);
    call->header("Content-Type", "application/x-www-form-urlencoded");
    const auto verdict = harness->finish(harness->judge(*call), *call);
    EXPECT_EQ(std::holds_alternative<policy::Allow>(verdict), good) << target;
    if (!good) {
      EXPECT_EQ(evidence_of(verdict), "form=\"the request has a query\"");
    }
  }
  EXPECT_FALSE(harness->load("kind: token\nserver: bank\nquery: Client_ID=x"));
  EXPECT_THAT(harness->errors(), HasSubstr("query: has client_id, a parameter of OAuth"));
}

// SecondGuard is another gateway whose store of grants is in the hands of the first.
class SecondGuard : public Guard {
 protected:
  SecondGuard() {
    load();
    other_revocations.folder(other.path()).shared("store:\n  path: store");
    other_revocations.needed_later({policy::Fact::revocations});
    second.folder(other.path())
        .shared("authorization_servers:\n  any: {}\ngrants:\n  path: " + folder.path() + "/grants");
    EXPECT_TRUE(other_revocations.load("")) << other_revocations.errors();
    EXPECT_TRUE(second.load("kind: token\nserver: any")) << second.errors();
    second.settle();
  }
  policy::Verdict judged(const std::string& client) {
    call = std::make_unique<Call>();
    call->method("POST").header("Content-Type", "application/x-www-form-urlencoded");
    call->body(refresh("r", client)).at(now);
    return second.finish(second.judge(*call), *call);
  }
  test::TempDir other;
  PolicyHarness other_revocations{revocation::module};
  PolicyHarness second{module, &other_revocations};
};

TEST_F(SecondGuard, RefusesARevokedClientWhileItsStoreIsInOtherHands) {
  other_revocations.command("revoke", R"({"unit":"client","value":"plaid"})");
  EXPECT_THAT(judged("plaid"), DeniedWith("revocation.grant"));
  EXPECT_THAT(judged("other"), DeniedWith("revocation.grants_unavailable"));
}

TEST_F(Guard, RefusesWhatCanBeReadInTwoWays) {
  load();
  for (const char* body :
       {"grant_type=refresh_token&grant_type=authorization_code",
        "grant%5ftype=refresh_token&grant_type=x", "refresh_token=%zz", "refresh_token=%2"}) {
    EXPECT_THAT(judge(body), DeniedWith("revocation.oauth_request")) << body;
  }
  EXPECT_THAT(judge(R"({"grant_type":"refresh_token"})", 0, "application/json"),
              DeniedWith("revocation.oauth_request"));
  EXPECT_THAT(judge("grant_type=refresh_token", 0, ""), DeniedWith("revocation.oauth_request"));
}

TEST_F(Guard, NeedsAServerAndAStoreOfGrants) {
  PolicyHarness bare(module);
  EXPECT_FALSE(bare.load("kind: token\nserver: bank"));
  EXPECT_THAT(bare.errors(), HasSubstr("modules.oauth.grants.path"));
  bare.folder(folder.path()).shared("authorization_servers:\n  bank: {}");
  EXPECT_FALSE(bare.load("kind: token\nserver: bank"));
  EXPECT_THAT(bare.errors(), HasSubstr("grants"));
  EXPECT_FALSE(harness->load("kind: token\nserver: bamk"));
  EXPECT_THAT(harness->errors(), HasSubstr("did you mean \"bank\""));
  EXPECT_FALSE(harness->load("kind: token"));
  EXPECT_FALSE(harness->load("server: bank"));
}

}  // namespace
}  // namespace sallyport::oauth
