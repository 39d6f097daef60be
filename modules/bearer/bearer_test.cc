#include "modules/bearer/bearer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/bearer_fixture.h"

namespace sallyport::bearer {
namespace {

const bool kCovered = test::require_every_reason(module);

TEST_F(Bearer, AllowsAGoodTokenAndGivesItsClaims) {
  Call call;
  call.header("Authorization", "Bearer " + signed_with({{"scope", "\"Account\""}}));
  ASSERT_THAT(judge(call), Allowed());
  ASSERT_TRUE(call.exchange().facts.token.has_value());
  const policy::TokenClaims& found = call.exchange().facts.token->claims();
  EXPECT_EQ(found.subject, "user-1");
  EXPECT_EQ(found.key_id, "k1");
  EXPECT_THAT(found.scopes, testing::ElementsAre("Account"));
}

TEST_F(Bearer, ForwardsTheCanonicalScheme) {
  const std::string token = signed_with({});
  Call call;
  call.header("AUTHORIZATION", "bEARER   " + token);
  ASSERT_THAT(judge(call), Allowed());
  EXPECT_EQ(call.field("authorization"), "Bearer " + token);
}

TEST_F(Bearer, RefusesARequestWithoutToken) {
  Call call;
  EXPECT_THAT(judge(call), DeniedWith("bearer.missing"));
}

TEST_F(Bearer, RefusesAnotherScheme) {
  Call call;
  call.header("Authorization", "DPoP " + signed_with({}));
  EXPECT_THAT(judge(call), DeniedWith("bearer.scheme"));
  EXPECT_EQ(evidence_, "") << "what stands in that field may be a secret";
}

TEST_F(Bearer, RefusesSeveralCredentials) {
  Call twice;
  twice.header("Authorization", "Bearer " + signed_with({}));
  twice.header("authorization", "Bearer " + signed_with({}));
  EXPECT_THAT(judge(twice), DeniedWith("bearer.several_credentials"));
  Call query;
  query.header("Authorization", "Bearer " + signed_with({})).target("/a?access_token=x");
  EXPECT_THAT(judge(query), DeniedWith("bearer.several_credentials"));
}

TEST_F(Bearer, RefusesTokensOverTheLimit) {
  load_shared(std::string(kShared) + "token_limit: 512\n");
  EXPECT_THAT(present(signed_with({})), Allowed());
  EXPECT_THAT(present_claims({{"x", "\"" + std::string(300, 'x') + "\""}}),
              DeniedWith("bearer.oversized"));
}

TEST_F(Bearer, RefusesOpaqueTokens) {
  EXPECT_THAT(present("000000000001"), DeniedWith("bearer.malformed"));
  EXPECT_EQ(evidence_, "token=\"not three parts\"");
}

TEST_F(Bearer, RefusesUnsignedTokens) {
  const std::string unsigned_token = crypto::encode_base64url(header({{"alg", "\"none\""}})) + "." +
                                     crypto::encode_base64url(claims()) + ".";
  EXPECT_THAT(present(unsigned_token), DeniedWith("bearer.algorithm_none"));
}

// The public key is known to everybody: as an HMAC secret it proves nothing.
TEST_F(Bearer, RefusesSymmetricAlgorithms) {
  EXPECT_THAT(present(signed_with({}, {{"alg", "\"HS256\""}})),
              DeniedWith("bearer.algorithm_not_allowed"));
}

TEST_F(Bearer, RefusesAlgorithmsThatTheIssuerMayNotUse) {
  const std::string token = sign_jwt(rsa_key(), SignatureAlgorithm::ps256,
                                     header({{"alg", "\"PS256\""}, {"kid", "\"r1\""}}), claims());
  EXPECT_THAT(present(token), DeniedWith("bearer.algorithm_not_allowed"));
  EXPECT_EQ(evidence_, "issuer=as alg=PS256");
}

TEST_F(Bearer, RefusesCriticalExtensions) {
  EXPECT_THAT(present(signed_with({}, {{"crit", "[\"exp\"]"}})),
              DeniedWith("bearer.critical_header"));
  EXPECT_THAT(present(signed_with({}, {{"b64", "true"}})), DeniedWith("bearer.critical_header"));
  EXPECT_THAT(present(signed_with({}, {{"zip", "\"DEF\""}})), DeniedWith("bearer.critical_header"));
}

TEST_F(Bearer, RefusesUnknownIssuers) {
  EXPECT_THAT(present_claims({{"iss", "\"https://as.example/\""}}),
              DeniedWith("bearer.unknown_issuer"));
  EXPECT_EQ(evidence_, "iss=https://as.example/");
  EXPECT_THAT(present_claims({{"iss", ""}}), DeniedWith("bearer.claim_missing"));
  EXPECT_THAT(present_claims({{"iss", "7"}}), DeniedWith("bearer.malformed"));
}

TEST_F(Bearer, NeverQuotesWhatCouldSpoilALog) {
  EXPECT_THAT(present_claims({{"iss", "\"x\\n y\""}}), DeniedWith("bearer.unknown_issuer"));
  EXPECT_EQ(evidence_, "iss=(unprintable)");
}

TEST_F(Bearer, RefusesIdTokens) {
  EXPECT_THAT(present(signed_with({}, {{"typ", "\"JWT\""}})), DeniedWith("bearer.typ"));
  EXPECT_THAT(present(signed_with({}, {{"typ", ""}})), DeniedWith("bearer.typ"));
  EXPECT_THAT(present(signed_with({}, {{"typ", "\"application/AT+JWT\""}})), Allowed());
}

TEST_F(Bearer, AcceptsOtherTypesWhenToldTo) {
  load_shared(std::string(kShared) + "    typ: [JWT]\n");
  EXPECT_THAT(present(signed_with({}, {{"typ", "\"JWT\""}})), Allowed());
  EXPECT_THAT(present(signed_with({}, {{"typ", ""}})), DeniedWith("bearer.typ"));
  load_shared(std::string(kShared) + "    typ: [any]\n");
  EXPECT_THAT(present(signed_with({{"jti", "\"2\""}}, {{"typ", ""}})), Allowed());
}

TEST_F(Bearer, RefusesUnknownKeysAndAsksForNewerOnes) {
  EXPECT_THAT(present(signed_with({}, {{"kid", "\"k2\""}})), DeniedWith("bearer.key_unknown"));
  EXPECT_EQ(evidence_, "issuer=as kid=k2");
  EXPECT_EQ(metric("bearer_unknown_keys_total"), 1);
  const auto& plan = dynamic_cast<const BearerPlan&>(harness_.plan());
  EXPECT_TRUE(plan.issuers.front().keys->take_request());
}

TEST_F(Bearer, AsksForNewerKeysOnlyWhenOneIsUnknown) {
  EXPECT_THAT(present(signed_with({})), Allowed());
  EXPECT_THAT(present(signed_with({}, {{"kid", "\"r1\""}})), DeniedWith("bearer.key_mismatch"));
  const auto& plan = dynamic_cast<const BearerPlan&>(harness_.plan());
  EXPECT_FALSE(plan.issuers.front().keys->take_request());
}

TEST_F(Bearer, RefusesAKeyForAnotherAlgorithm) {
  EXPECT_THAT(present(signed_with({}, {{"kid", "\"r1\""}})), DeniedWith("bearer.key_mismatch"));
  // The header lies about the algorithm, and names a key that fits the lie.
  EXPECT_THAT(present(signed_with({}, {{"alg", "\"RS256\""}})), DeniedWith("bearer.key_mismatch"));
}

TEST_F(Bearer, RefusesForgedSignatures) {
  const TestKey other = TestKey::make(KeyKind::p256);
  EXPECT_THAT(present(sign_jwt(other, SignatureAlgorithm::es256, header(), claims())),
              DeniedWith("bearer.signature"));
  EXPECT_EQ(metric("bearer_bad_signatures_total"), 1);
}

TEST_F(Bearer, RefusesAlteredClaims) {
  const std::string good = signed_with({});
  const std::string altered = good.substr(0, good.find('.') + 1) +
                              crypto::encode_base64url(claims({{"sub", "\"victim\""}})) +
                              good.substr(good.rfind('.'));
  EXPECT_THAT(present(altered), DeniedWith("bearer.signature"));
}

TEST_F(Bearer, RefusesTheSignatureOfZeros) {
  const std::string good = signed_with({});
  EXPECT_THAT(present(good.substr(0, good.rfind('.') + 1) +
                      crypto::encode_base64url(std::string(64, '\0'))),
              DeniedWith("bearer.signature"));
}

TEST_F(Bearer, RefusesTokensWithoutRequiredClaims) {
  for (const std::string claim : {"exp", "aud", "iat", "sub", "client_id", "jti"}) {
    EXPECT_THAT(present_claims({{claim, ""}}), DeniedWith("bearer.claim_missing")) << claim;
    EXPECT_EQ(evidence_, "claim=" + claim);
  }
}

TEST_F(Bearer, RefusesTimesThatAreNotIntegers) {
  EXPECT_THAT(present_claims({{"exp", "1.8e9"}}), DeniedWith("bearer.malformed"));
  EXPECT_THAT(present_claims({{"exp", "\"never\""}}), DeniedWith("bearer.malformed"));
}

TEST_F(Bearer, RefusesExpiredTokensAfterTheLeeway) {
  EXPECT_THAT(present_claims({{"exp", seconds(-9)}}), Allowed());
  EXPECT_THAT(present_claims({{"exp", seconds(-10)}}), DeniedWith("bearer.expired"));
}

TEST_F(Bearer, RefusesTokensThatAreNotYetValid) {
  EXPECT_THAT(present_claims({{"nbf", seconds(10)}}), Allowed());
  EXPECT_THAT(present_claims({{"nbf", seconds(11)}}), DeniedWith("bearer.not_yet_valid"));
}

TEST_F(Bearer, RefusesTokensIssuedInTheFuture) {
  EXPECT_THAT(present_claims({{"iat", seconds(10)}}), Allowed());
  EXPECT_THAT(present_claims({{"iat", seconds(11)}}), DeniedWith("bearer.issued_in_future"));
}

TEST_F(Bearer, RefusesTokensOlderThanTheLimitWhateverTheirExpiry) {
  const std::string later = seconds(100'000);
  EXPECT_THAT(present_claims({{"iat", seconds(-900)}, {"exp", later}}), Allowed());
  EXPECT_THAT(present_claims({{"iat", seconds(-901)}, {"exp", later}}),
              DeniedWith("bearer.too_old"));
}

TEST_F(Bearer, CanLimitTheLifetimeInstead) {
  load(std::string(kEntry) + "\nmax_age_rule: lifetime");
  EXPECT_THAT(present_claims({{"iat", seconds(-890)}, {"exp", seconds(10)}}), Allowed());
  EXPECT_THAT(present_claims({{"iat", seconds(-1)}, {"exp", seconds(900)}}),
              DeniedWith("bearer.lifetime_too_long"));
}

TEST_F(Bearer, RefusesTokensForSomebodyElse) {
  EXPECT_THAT(present_claims({{"aud", "\"https://other.example\""}}),
              DeniedWith("bearer.audience"));
  EXPECT_THAT(present_claims({{"aud", "\"https://api.bank.example/\""}}),
              DeniedWith("bearer.audience"));
  EXPECT_THAT(present_claims({{"aud", R"(["https://other.example","https://api.bank.example"])"}}),
              Allowed());
}

TEST_F(Bearer, RefusesDpopTokensPresentedAsBearer) {
  EXPECT_THAT(present_claims({{"cnf", R"({"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"})"}}),
              DeniedWith("bearer.bound_elsewhere"));
}

}  // namespace
}  // namespace sallyport::bearer
