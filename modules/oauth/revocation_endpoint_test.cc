#include "modules/oauth/revocation_endpoint.h"

#include "gateway/policy/opaque_token.h"
#include "modules/oauth/endpoint_fixture.h"

namespace sallyport::oauth {
namespace {

TEST_F(Guard, RevokesWhatTheServerSaysYesTo) {
  load();
  issue("refresh-1", now - 100);
  load("revocation");
  const std::string access = jwt(R"({"iss":"https://login.bank.example","sub":"user-1",)"
                                 R"("jti":"jti-1","fdxConsentId":"consent-1"})");
  ASSERT_THAT(judge("token=" + access + "&client_id=plaid"), Allowed());
  EXPECT_FALSE(answer("", 401));  // it was not the client
  EXPECT_THAT(revocations->command("revoked", ""), HasSubstr(R"("records":[])"));
  ASSERT_TRUE(answer(""));
  const std::string listed = revocations->command("revoked", "");
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
  EXPECT_THAT(revocations->command("revoked", ""),
              HasSubstr(policy::opaque_token_id("an-opaque-one")));
}

TEST_F(Guard, LeavesTokensOfOthersAndUnknownOnesToTheServer) {
  load();
  issue("refresh-1", now - 100);
  load("revocation");
  for (const char* body :
       {"token=refresh-1&client_id=thief", "token=refresh-1", "token=unknown&client_id=plaid"}) {
    ASSERT_THAT(judge(body), Allowed()) << body;
    EXPECT_FALSE(answer("")) << body;
  }
  // Two names of a client: the server's yes does not say which it has believed.
  ASSERT_THAT(judge("token=refresh-1&client_id=plaid", 0, "application/x-www-form-urlencoded",
                    "Basic " + crypto::encode_base64("thief:secret")),
              Allowed());
  EXPECT_FALSE(answer(""));
  EXPECT_THAT(revocations->command("revoked", ""), HasSubstr(R"("records":[])"));
}

TEST_F(Guard, RevokesForEveryIssuerWhereTheServerHasNone) {
  load("token", "any");
  issue("refresh-1", now - 100);
  load("revocation", "any");
  ASSERT_THAT(judge("token=refresh-1&client_id=plaid"), Allowed());
  ASSERT_TRUE(answer(""));
  EXPECT_THAT(revocations->command("revoked", ""), testing::Not(HasSubstr(kIssuer)));
  EXPECT_THAT(revocations->command("revoked", ""), HasSubstr(R"("value":"jti-1")"));
}

}  // namespace
}  // namespace sallyport::oauth
