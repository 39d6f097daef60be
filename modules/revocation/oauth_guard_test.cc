#include "modules/revocation/oauth_guard.h"

#include "gateway/crypto/base64.h"
#include "gateway/policy/opaque_token.h"
#include "modules/revocation/revocation.h"
#include "tests/support/policy_harness.h"
#include "tests/support/temp_dir.h"

namespace sallyport::revocation {
namespace {

using test::Allowed;
using test::Call;
using test::DeniedWith;
using test::evidence_of;
using test::PolicyHarness;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kIssuer = "https://login.bank.example";

std::string jwt(const std::string& payload) {
  return "e30." + crypto::encode_base64url(payload) + ".c2ln";
}

class Guard : public testing::Test {
 protected:
  Guard() { begin(); }

  void begin() {
    harness = std::make_unique<PolicyHarness>(module);
    harness->folder(folder.path())
        .shared("store:\n  path: store\ngrants:\n  path: grants\n  max_entries: 8");
  }
  void load(std::string_view endpoint = "token") {
    ASSERT_TRUE(
        harness->load("endpoint: " + std::string(endpoint) + "\nissuer: " + std::string(kIssuer)))
        << harness->errors();
    harness->settle();
  }
  policy::Verdict judge(std::string_view body, std::int64_t at = 0,
                        std::string_view type = "application/x-www-form-urlencoded",
                        std::string_view authorization = "") {
    call = std::make_unique<Call>();
    call->method("POST").body(body).at(at != 0 ? at : now);
    if (!type.empty()) call->header("Content-Type", type);
    if (!authorization.empty()) call->header("Authorization", authorization);
    return harness->finish(harness->judge(*call), *call);
  }
  std::optional<policy::Verdict> answer(std::string_view body, int status = 200,
                                        std::string_view coding = "") {
    http::ResponseHead head;
    head.status = status;
    if (!coding.empty()) head.fields.add("Content-Encoding", coding);
    return harness->answer(*call, head, body);
  }
  // issue lets the server issue tokens at `at` for a code.
  void issue(
      const std::string& refresh, std::int64_t at,
      const std::string& access = jwt(R"({"iss":"https://login.bank.example","sub":"user-1",)"
                                      R"("jti":"jti-1","fdxConsentId":"consent-1"})")) {
    ASSERT_THAT(judge("grant_type=authorization_code&code=c&client_id=plaid", at), Allowed());
    ASSERT_THAT(*answer(R"({"access_token":")" + access + R"(","refresh_token":")" + refresh +
                        R"(","expires_in":900})"),
                Allowed());
  }
  static std::string refresh(const std::string& token, const std::string& client = "plaid") {
    return "grant_type=refresh_token&client_id=" + client + "&refresh_token=" + token;
  }
  std::string revoke(std::string_view members) {
    return harness->command("revoke", "{" + std::string(members) + "}");
  }

  double metric(std::string_view name, std::string_view label = "") {
    for (const auto& metric : harness->metrics()) {
      if (metric.name == name && metric.label_value == label) return metric.value;
    }
    return -1;
  }
  double not_learned(std::string_view why) {
    return metric("revocation_answers_not_learned_total", why);
  }
  std::vector<policy::Notice> notices() {
    std::vector<policy::Notice> all;
    for (const auto& service : harness->services()) {
      for (auto& notice : service->notices()) all.push_back(std::move(notice));
    }
    return all;
  }

  test::TempDir folder;
  std::unique_ptr<PolicyHarness> harness;
  std::unique_ptr<Call> call;
  const std::int64_t now = wall_now().unix_seconds();
};

TEST_F(Guard, TellsItsChecks) {
  load();
  const auto told = [&](const policy::Verdict& verdict) {
    return test::checks_of(module, *call, verdict);
  };
  EXPECT_EQ(told(judge("grant_type=authorization_code&code=c&client_id=plaid")),
            "store+ revocations+ oauth_request+");
  EXPECT_EQ(told(*answer(R"({"access_token":"a","refresh_token":"refresh-1","expires_in":9})")),
            "grants+");
  EXPECT_EQ(told(judge(refresh("refresh-1"))), "store+ revocations+ oauth_request+ grants+");
  revoke(R"("unit":"client","value":"plaid")");
  EXPECT_EQ(told(judge(refresh("refresh-1"))), "store+ revocations+ oauth_request+ grants-");
  EXPECT_EQ(told(judge("a=1&a=2&grant_type=x&grant_type=y")), "store+ revocations+ oauth_request-");
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
    EXPECT_THAT(harness->command("reinstate", "{" + name + "}"), StartsWith("200 "));
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

TEST_F(Guard, KeepsTheTimeOfTheGrantWhenItIsRefreshed) {
  load();
  issue("refresh-1", now - 1000);
  ASSERT_THAT(judge(refresh("refresh-1")), Allowed());
  ASSERT_THAT(*answer(R"({"access_token":")" + jwt(R"({"sub":"user-1","jti":"jti-2"})") +
                      R"(","refresh_token":"refresh-2"})"),
              Allowed());
  revoke(R"("unit":"subject","value":"user-1","cutoff":)" + std::to_string(now - 500));
  EXPECT_THAT(judge(refresh("refresh-2")), DeniedWith("revocation.grant"));
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

TEST_F(Guard, RemembersAcrossARestart) {
  load();
  issue("refresh-1", now - 100);
  harness.reset();
  begin();
  load();
  revoke(R"("unit":"consent","value":"consent-1")");
  EXPECT_THAT(judge(refresh("refresh-1")), DeniedWith("revocation.grant"));
}

TEST_F(Guard, LearnsWhoseAnOpaqueTokenIsFromTheIdToken) {
  load();
  ASSERT_THAT(judge("grant_type=authorization_code&client_id=plaid", now - 100), Allowed());
  ASSERT_THAT(*answer(R"({"access_token":"opaque","refresh_token":"r","id_token":")" +
                      jwt(R"({"sub":"user-2"})") + R"(","grant_id":"grant-2"})"),
              Allowed());
  revoke(R"("unit":"consent","value":"grant-2")");
  EXPECT_THAT(judge(refresh("r")), DeniedWith("revocation.grant"));
}

TEST_F(Guard, PassesOnWhatIsNoTokenResponse) {
  load();
  ASSERT_THAT(judge(refresh("r")), Allowed());
  EXPECT_FALSE(answer(R"({"error":"invalid_grant"})", 400));
  for (const std::string& body :
       {std::string(), std::string("\x1f\x8b gzip"), std::string("[]"), std::string("{}"),
        R"({"access_token":")" + std::string(70'000, 'a') + "\"}"}) {
    EXPECT_THAT(*answer(body), Allowed());
  }
  EXPECT_EQ(not_learned("form"), 4);
  EXPECT_EQ(not_learned("too_long"), 1);
  // Nothing was issued: no reason for an alarm.
  EXPECT_EQ(evidence_of(*answer(R"({"error":"invalid_grant"})")), "learned=nothing");
  EXPECT_EQ(not_learned("form"), 4);
}

// "{\"access_token\":\"a\",\"refresh_token\":\"r\",\"grant_id\":\"g\"}" by gzip.
std::string packed_response() {
  return *crypto::decode_base64url(
      "H4sIAAAAAAACA6tWSkxOTi0uji_Jz07NU7JSSlTSUSpKTStKLc6AixUBxdKL"
      "EvNK4jNTgNx0pVoAnpXSBDcAAAA");
}

TEST_F(Guard, LearnsFromAPackedAnswerAndAsksForNone) {
  load();
  ASSERT_THAT(judge("grant_type=authorization_code&client_id=plaid", now - 100), Allowed());
  ASSERT_THAT(*answer(packed_response(), 200, "gzip"), Allowed());
  revoke(R"("unit":"consent","value":"g")");
  EXPECT_THAT(judge(refresh("r")), DeniedWith("revocation.grant"));
  call = std::make_unique<Call>();
  call->method("POST").body("grant_type=x").at(now);
  call->header("Content-Type", "application/x-www-form-urlencoded");
  call->header("Accept-Encoding", "gzip").header("accept_encoding", "br");
  ASSERT_THAT(harness->finish(harness->judge(*call), *call), Allowed());
  EXPECT_EQ(call->field("accept-encoding"), "(absent)");
  EXPECT_EQ(call->field("accept_encoding"), "(absent)");
}

TEST_F(Guard, GivesAnAlarmOnceForAnswersThatItCannotRead) {
  load();
  ASSERT_THAT(judge("grant_type=authorization_code&client_id=plaid"), Allowed());
  for (const char* coding : {"br", "deflate", "gzip, gzip"}) {
    EXPECT_EQ(evidence_of(*answer(packed_response(), 200, coding)), "learned=no why=coding");
  }
  EXPECT_EQ(evidence_of(*answer("{}", 200, "gzip")), "learned=no why=coding");
  EXPECT_EQ(not_learned("coding"), 4);
  const auto told = notices();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].event, "grant_alarm");
  EXPECT_EQ(told[0].level, "error");
  EXPECT_THAT(told[0].message, HasSubstr("4 coding"));
  EXPECT_EQ(notices().size(), 0U);
}

TEST_F(Guard, LearnsFromEveryStatusOfSuccessAndFromRequestsThatItRefuses) {
  load();
  ASSERT_THAT(judge("grant_type=authorization_code&client_id=plaid"), Allowed());
  EXPECT_TRUE(answer(R"({"access_token":"a","refresh_token":"r","grant_id":"g"})", 201));
  // In observe mode the request goes on.
  ASSERT_THAT(judge("grant_type=refresh_token&refresh_token[]=r"),
              DeniedWith("revocation.oauth_request"));
  EXPECT_TRUE(answer(R"({"access_token":"a","refresh_token":"s","grant_id":"h"})"));
  revoke(R"("unit":"consent","value":"g")");
  revoke(R"("unit":"consent","value":"h")");
  EXPECT_THAT(judge(refresh("r")), DeniedWith("revocation.grant"));
  EXPECT_THAT(judge(refresh("s")), DeniedWith("revocation.grant"));
}

TEST_F(Guard, SaysWhenANameIsTooLongToBeRevoked) {
  load();
  ASSERT_THAT(judge("grant_type=authorization_code&client_id=plaid"), Allowed());
  const auto verdict = *answer(R"({"access_token":"a","refresh_token":"r","grant_id":")" +
                               std::string(1025, 'g') + "\"}");
  EXPECT_EQ(evidence_of(verdict), "learned=partly why=name");
  EXPECT_EQ(not_learned("name"), 1);
  EXPECT_THAT(judge(refresh("r")), Allowed());
  EXPECT_THAT(judge("grant_type=x&client_id=" + std::string(1025, 'c')),
              DeniedWith("revocation.oauth_request"));
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
  EXPECT_THAT(judge("grant_type=refresh_token&refresh_token=x", 0, "application/x-www-form-urlencoded",
                    "Basic " + crypto::encode_base64("a+b:secret")),
              DeniedWith("revocation.grant"));
}

TEST_F(Guard, TakesTheOneQueryThatItWasTold) {
  ASSERT_TRUE(harness->load("endpoint: token\nquery: tenant=retail")) << harness->errors();
  harness->settle();
  for (const auto& [target, good] : {std::pair("/token", true), std::pair("/token?tenant=retail", true),
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
  EXPECT_FALSE(harness->load("endpoint: token\nquery: Client_ID=x"));
  EXPECT_THAT(harness->errors(), HasSubstr("query: has client_id, a parameter of OAuth"));
  EXPECT_FALSE(harness->load("query: tenant=retail"));
  EXPECT_THAT(harness->errors(), HasSubstr("is for routes with an `endpoint`"));
}

TEST_F(Guard, RefusesARevokedClientWhileItsStoreIsInOtherHands) {
  load();
  PolicyHarness second(module);
  test::TempDir other;
  second.folder(other.path())
      .shared("store:\n  path: store\ngrants:\n  path: " + folder.path() + "/grants");
  ASSERT_TRUE(second.load("endpoint: token")) << second.errors();
  second.command("revoke", R"({"unit":"client","value":"plaid"})");
  const auto judged = [&](const std::string& client) {
    call = std::make_unique<Call>();
    call->method("POST").header("Content-Type", "application/x-www-form-urlencoded");
    call->body(refresh("r", client)).at(now);
    return second.finish(second.judge(*call), *call);
  };
  EXPECT_THAT(judged("plaid"), DeniedWith("revocation.grant"));
  EXPECT_THAT(judged("other"), DeniedWith("revocation.grants_unavailable"));
}

TEST_F(Guard, LearnsNoMoreThanItsLimit) {
  load();
  for (int i = 0; i < 6; ++i) issue("r" + std::to_string(i), now - 100, "a" + std::to_string(i));
  revoke(R"("unit":"client","value":"plaid")");
  EXPECT_THAT(evidence_of(judge(refresh("r0", "x"))), HasSubstr("client=plaid"));
  EXPECT_THAT(judge(refresh("r5", "x")), Allowed());  // not taken
  EXPECT_EQ(metric("revocation_grants"), 8);
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

TEST_F(Guard, RefusesWhileItsStoreIsInOtherHands) {
  load();
  PolicyHarness second(module);
  test::TempDir other;
  second.folder(other.path())
      .shared("store:\n  path: store\ngrants:\n  path: " + folder.path() + "/grants");
  ASSERT_TRUE(second.load("endpoint: token")) << second.errors();
  Call asked;
  asked.method("POST").header("Content-Type", "application/x-www-form-urlencoded");
  asked.body(refresh("r"));
  EXPECT_THAT(second.finish(second.judge(asked), asked),
              DeniedWith("revocation.grants_unavailable"));
}

TEST_F(Guard, RevokesWhatTheServerSaysYesTo) {
  load();
  issue("refresh-1", now - 100);
  load("revocation");
  const std::string access = jwt(R"({"iss":"https://login.bank.example","sub":"user-1",)"
                                 R"("jti":"jti-1","fdxConsentId":"consent-1"})");
  ASSERT_THAT(judge("token=" + access + "&client_id=plaid"), Allowed());
  EXPECT_FALSE(answer("", 401));  // it was not the client
  EXPECT_THAT(harness->command("revoked", ""), HasSubstr(R"("records":[])"));
  ASSERT_TRUE(answer(""));
  const std::string listed = harness->command("revoked", "");
  EXPECT_THAT(listed, HasSubstr(R"("value":"jti-1")"));
  EXPECT_THAT(listed, HasSubstr(kIssuer));
  EXPECT_THAT(listed, HasSubstr(R"("who":"plaid")"));
}

TEST_F(Guard, RevokesTheAccessTokenOfARefreshToken) {
  load();
  issue("refresh-1", now - 100, "an-opaque-one");
  load("revocation");
  ASSERT_THAT(judge("token=refresh-1&token_type_hint=refresh_token&client_id=plaid"), Allowed());
  ASSERT_TRUE(answer(""));
  EXPECT_THAT(harness->command("revoked", ""), HasSubstr(policy::opaque_token_id("an-opaque-one")));
}

TEST_F(Guard, LeavesTokensOfOthersAndUnknownOnesToTheServer) {
  load();
  issue("refresh-1", now - 100);
  load("revocation");
  for (const char* body : {"token=refresh-1&client_id=thief", "token=refresh-1",
                           "token=unknown&client_id=plaid"}) {
    ASSERT_THAT(judge(body), Allowed()) << body;
    EXPECT_FALSE(answer("")) << body;
  }
  // Two names of a client: the server's yes does not say which it has believed.
  ASSERT_THAT(judge("token=refresh-1&client_id=plaid", 0, "application/x-www-form-urlencoded",
                    "Basic " + crypto::encode_base64("thief:secret")),
              Allowed());
  EXPECT_FALSE(answer(""));
  EXPECT_THAT(harness->command("revoked", ""), HasSubstr(R"("records":[])"));
}

TEST_F(Guard, NeedsAStoreOfGrants) {
  PolicyHarness bare(module);
  bare.folder(folder.path()).shared("store:\n  path: store");
  EXPECT_FALSE(bare.load("endpoint: token"));
  EXPECT_THAT(bare.errors(), HasSubstr("modules.revocation.grants.path"));
}

TEST(GrantRecord, ComesBackAsItWas) {
  const Grant grant{"sub", "client", "consent", "jti", 1, 2, 3};
  const std::string bytes = encode_grant(grant);
  EXPECT_EQ(decode_grant(bytes), grant);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_grant(bytes.substr(0, size))) << size;
  }
  EXPECT_FALSE(decode_grant(bytes + "x"));
}

}  // namespace
}  // namespace sallyport::revocation
