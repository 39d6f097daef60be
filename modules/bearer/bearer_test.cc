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
  call.header("Authorization", "Basic " + signed_with({}));
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
  EXPECT_THAT(judge(query), DeniedWith("bearer.token_in_query"));
}

TEST_F(Bearer, LooksIntoFormsForASecondToken) {
  Call form;
  form.header("Authorization", "Bearer " + signed_with({}))
      .header("Content-Type", "application/x-www-form-urlencoded")
      .body("access_token=x");
  EXPECT_GT(harness_.policy().body_limit(form.exchange()), 0U);
  EXPECT_THAT(judge(form), DeniedWith("bearer.token_in_body"));
  Call json;
  json.header("Content-Type", "application/json");
  EXPECT_EQ(harness_.policy().body_limit(json.exchange()), 0U);
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
              DeniedWith("bearer.algorithm_symmetric"));
  EXPECT_THAT(present(signed_with({}, {{"alg", "\"ES512\""}})),
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
  EXPECT_THAT(present(signed_with({}, {{"b64", "true"}})), DeniedWith("bearer.unencoded_payload"));
  EXPECT_THAT(present(signed_with({}, {{"zip", "\"DEF\""}})), DeniedWith("bearer.compressed"));
}

TEST_F(Bearer, RefusesWhatIsNoPlainSignedToken) {
  EXPECT_THAT(present("a.b.c.d.e"), DeniedWith("bearer.encrypted"));
  EXPECT_THAT(present(signed_with({}, {{"cty", "\"JWT\""}})), DeniedWith("bearer.nested"));
  EXPECT_THAT(present(signed_with({}, {{"kid", ""}})), DeniedWith("bearer.key_id_missing"));
}

TEST_F(Bearer, RefusesEverySecondSpelling) {
  const std::string good = signed_with({});
  EXPECT_THAT(present(good), Allowed());
  for (const std::string& other : {good + "=", good + "==", good + "/"}) {
    EXPECT_THAT(present(other), DeniedWith("bearer.part_encoding")) << other.substr(good.size());
  }
  // The last character of 64 bytes carries four bits that mean nothing.
  std::string stray = good;
  stray.back() = static_cast<char>(stray.back() + 1);
  EXPECT_THAT(present(stray), DeniedWith("bearer.part_encoding"));
}

TEST_F(Bearer, RefusesJsonThatTwoReadersReadDifferently) {
  const auto with_payload = [](std::string_view payload) {
    return sign_jwt(key(), SignatureAlgorithm::es256, header(), payload);
  };
  EXPECT_THAT(present(with_payload(R"({"iss":"a","iss":"b"})")),
              DeniedWith("bearer.duplicate_member"));
  EXPECT_THAT(present_claims({{"x", R"([[[[[[[[[1]]]]]]]]])"}}), DeniedWith("bearer.too_deep"));
  EXPECT_THAT(present_claims({{"x", "\"\xff\""}}), DeniedWith("bearer.invalid_text"));
  EXPECT_THAT(present_claims({{"x", R"("\u0000")"}}), DeniedWith("bearer.nul"));
  EXPECT_THAT(present_claims({{"exp", "99999999999999999999"}}), DeniedWith("bearer.number"));
  EXPECT_THAT(present(with_payload("[]")), DeniedWith("bearer.malformed"));
}

// Keys come from the issuer: what a token offers is neither fetched nor looked at.
TEST_F(Bearer, IgnoresKeysThatTheTokenOffers) {
  const Members offers{{"jku", "\"https://evil.example/jwks\""},
                       {"x5u", "\"https://evil.example/x5u\""},
                       {"jwk", key().jwk("k1")}};
  EXPECT_THAT(present(signed_with({}, offers)), Allowed());
  const TestKey evil = TestKey::make(KeyKind::p256);
  EXPECT_THAT(present(sign_jwt(evil, SignatureAlgorithm::es256, header({{"jwk", evil.jwk("k1")}}),
                               claims())),
              DeniedWith("bearer.signature"));
}

TEST_F(Bearer, RefusesSignaturesOfTheWrongForm) {
  const std::string good = signed_with({});
  const auto with_signature = [&](const std::string& bytes) {
    return good.substr(0, good.rfind('.') + 1) + crypto::encode_base64url(bytes);
  };
  EXPECT_THAT(present(with_signature(std::string(63, 'x'))), DeniedWith("bearer.signature_length"));
  EXPECT_THAT(present(with_signature(std::string(65, 'x'))), DeniedWith("bearer.signature_length"));
  EXPECT_THAT(present(with_signature(std::string(32, '\0') + std::string(32, 'x'))),
              DeniedWith("bearer.signature_zero"));
  EXPECT_THAT(present(with_signature(std::string(32, 'x') + std::string(32, '\0'))),
              DeniedWith("bearer.signature_zero"));
}

TEST_F(Bearer, RefusesUnknownIssuers) {
  EXPECT_THAT(present_claims({{"iss", "\"https://as.example/\""}}),
              DeniedWith("bearer.unknown_issuer"));
  EXPECT_EQ(evidence_, "iss=https://as.example/");
  EXPECT_THAT(present_claims({{"iss", ""}}), DeniedWith("bearer.claim_missing"));
  EXPECT_THAT(present_claims({{"iss", "7"}}), DeniedWith("bearer.claim_malformed"));
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

// An issuer may have given a known id to another key since its keys were read.
TEST_F(Bearer, AsksForNewerKeysWhenAKnownOneHasNotSigned) {
  const auto& plan = dynamic_cast<const BearerPlan&>(harness_.plan());
  EXPECT_THAT(present(signed_with({})), Allowed());
  EXPECT_THAT(present(signed_with({{"exp", "1"}})), DeniedWith("bearer.expired"));
  EXPECT_FALSE(plan.issuers.front().keys->take_request());
  EXPECT_THAT(present(signed_with({}, {{"kid", "\"r1\""}})), DeniedWith("bearer.key_mismatch"));
  EXPECT_TRUE(plan.issuers.front().keys->take_request());
  const TestKey other = TestKey::make(KeyKind::p256);
  EXPECT_THAT(present(sign_jwt(other, SignatureAlgorithm::es256, header(), claims())),
              DeniedWith("bearer.signature"));
  EXPECT_TRUE(plan.issuers.front().keys->take_request());
}

TEST_F(Bearer, TellsTokensOfAKeyWhoseIdIsAnotherKeysNow) {
  const std::string before = signed_with({});
  const TestKey next = TestKey::make(KeyKind::p256);
  const auto by_next = [&](std::string_view id) {
    return sign_jwt(next, SignatureAlgorithm::es256, header(),
                    claims({{"jti", "\"" + std::string(id) + "\""}}));
  };
  EXPECT_THAT(present(before), Allowed());
  EXPECT_THAT(present(by_next("1")), DeniedWith("bearer.signature"));
  publish({next.jwk("k1", "ES256")});
  harness_.command("keys-refresh", "{}");
  EXPECT_THAT(present(by_next("1")), Allowed());
  EXPECT_THAT(present(before), DeniedWith("bearer.key_replaced")) << "also when it was remembered";
  const TestKey thief = TestKey::make(KeyKind::p256);
  EXPECT_THAT(present(sign_jwt(thief, SignatureAlgorithm::es256, header(), claims())),
              DeniedWith("bearer.signature"));
  // A key of another family under the id: the token's algorithm does not fit it any more.
  publish({rsa_key().jwk("k1", "RS256")});
  harness_.command("keys-refresh", "{}");
  EXPECT_THAT(present(by_next("2")), DeniedWith("bearer.key_replaced"));
  EXPECT_THAT(present(before), DeniedWith("bearer.key_mismatch")) << "only the latest is known";
}

TEST_F(Bearer, TakesEd25519ForEdDsa) {
  const TestKey ed = TestKey::make(KeyKind::ed25519);
  int number = 0;
  const auto token = [&](std::string_view alg, std::string_view kid) {
    const auto quoted = [](std::string_view text) { return "\"" + std::string(text) + "\""; };
    return sign_jwt(ed, SignatureAlgorithm::eddsa,
                    header({{"alg", quoted(alg)}, {"kid", quoted(kid)}}),
                    claims({{"jti", quoted(std::to_string(++number))}}));
  };
  publish({ed.jwk("ed1", "Ed25519"), ed.jwk("ed2", "EdDSA"), ed.jwk("ed3", "Ed448")});
  for (const std::string allowed : {"Ed25519", "EdDSA", "EdDSA, Ed25519"}) {
    load_shared(
        "issuers:\n  as:\n    issuer: https://as.example\n    jwks: {file: jwks.json}\n"
        "    algorithms: [" +
        allowed + "]\n");
    for (const std::string_view alg : {"Ed25519", "EdDSA"}) {
      EXPECT_THAT(present(token(alg, "ed1")), Allowed()) << allowed << alg;
      EXPECT_THAT(present(token(alg, "ed2")), Allowed()) << allowed << alg;
    }
    EXPECT_THAT(present(token("Ed25519", "ed3")), DeniedWith("bearer.key_unknown"));
    EXPECT_THAT(present(token("Ed448", "ed1")), DeniedWith("bearer.algorithm_not_allowed"));
  }
}

TEST_F(Bearer, TakesTheClientForTheAudienceOnlyWhenToldTo) {
  EXPECT_THAT(present_claims({{"aud", ""}}), DeniedWith("bearer.claim_missing"));
  load_shared(std::string(kShared) + "    audience_from: client_id\n", "audience: [plaid]");
  EXPECT_THAT(present_claims({{"aud", ""}}), Allowed());
  EXPECT_THAT(present_claims({{"aud", ""}, {"client_id", "\"other\""}}),
              DeniedWith("bearer.audience"));
  EXPECT_THAT(present_claims({{"aud", ""}, {"client_id", ""}}), DeniedWith("bearer.claim_missing"));
  // An id token's `aud` is the client as well.
  EXPECT_THAT(present_claims({{"aud", "\"plaid\""}}), DeniedWith("bearer.audience"));
  EXPECT_EQ(evidence_, "aud=(present)");
  EXPECT_THAT(present_claims({{"aud", "null"}}), DeniedWith("bearer.audience"));
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
              DeniedWith("bearer.signature_zero"));
}

TEST_F(Bearer, RefusesTokensWithoutRequiredClaims) {
  for (const std::string claim : {"exp", "aud", "iat", "sub", "client_id", "jti"}) {
    EXPECT_THAT(present_claims({{claim, ""}}), DeniedWith("bearer.claim_missing")) << claim;
    EXPECT_EQ(evidence_, "claim=" + claim);
  }
}

TEST_F(Bearer, TakesTimesHoweverTheyAreWritten) {
  EXPECT_THAT(present_claims({{"exp", seconds(800) + ".387841"}, {"iat", seconds(-100) + ".25"}}),
              Allowed());
  EXPECT_THAT(present_claims({{"exp", "9.9E+9"}, {"iat", seconds(-100) + "0e-1"}}), Allowed());
  // The token is never good for longer than its issuer said.
  EXPECT_THAT(present_claims({{"exp", seconds(-10) + ".9"}}), DeniedWith("bearer.expired"));
  EXPECT_THAT(present_claims({{"nbf", seconds(10) + ".1"}}), DeniedWith("bearer.not_yet_valid"));
  EXPECT_THAT(present_claims({{"nbf", seconds(10) + ".0"}}), Allowed());
}

TEST_F(Bearer, RefusesTimesThatAreNone) {
  EXPECT_THAT(present_claims({{"exp", "1e300"}}), DeniedWith("bearer.claim_malformed"));
  EXPECT_THAT(present_claims({{"exp", "\"never\""}}), DeniedWith("bearer.claim_malformed"));
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

TEST_F(Bearer, RefusesTokensThatAreBoundInUnknownWays) {
  EXPECT_THAT(present_claims({{"cnf", R"({"jwe":"x"})"}}), DeniedWith("bearer.bound_elsewhere"));
  EXPECT_THAT(present_claims({{"cnf", "{}"}}), DeniedWith("bearer.bound_elsewhere"));
}

TEST_F(Bearer, ReplacesA401OfTheApiWhenToldTo) {
  const auto refused = [&](int status) {
    Call call;
    call.header("Authorization", "Bearer " + signed_with({}));
    EXPECT_THAT(judge(call), Allowed());
    http::ResponseHead head;
    head.status = status;
    harness_.respond(call, head);
    return call.exchange().answer_refused;
  };
  EXPECT_EQ(refused(401), nullptr);
  load(std::string(kEntry) + "\nupstream_401: normalise");
  ASSERT_NE(refused(401), nullptr);
  EXPECT_EQ(refused(401)->id, "bearer.upstream_refused");
  EXPECT_EQ(refused(403), nullptr);
  EXPECT_EQ(refused(200), nullptr);
}

}  // namespace
}  // namespace sallyport::bearer
