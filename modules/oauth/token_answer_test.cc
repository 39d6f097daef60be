#include "modules/oauth/token_answer.h"

#include "modules/oauth/endpoint_fixture.h"

namespace sallyport::oauth {
namespace {

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
  EXPECT_EQ(not_learned("form"), 3);
  EXPECT_EQ(not_learned("too_long"), 1);
  // Nothing was issued: no reason for an alarm.
  EXPECT_EQ(evidence_of(*answer(R"({"error":"invalid_grant"})")), "learned=nothing");
  EXPECT_EQ(not_learned("form"), 3);
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

TEST_F(Guard, LearnsNoMoreThanItsLimit) {
  load();
  for (int i = 0; i < 6; ++i) issue("r" + std::to_string(i), now - 100, "a" + std::to_string(i));
  revoke(R"("unit":"client","value":"plaid")");
  EXPECT_THAT(evidence_of(judge(refresh("r0", "x"))), HasSubstr("client=plaid"));
  EXPECT_THAT(judge(refresh("r5", "x")), Allowed());  // not taken
  EXPECT_EQ(metric("revocation_grants"), 8);
}

}  // namespace
}  // namespace sallyport::oauth
