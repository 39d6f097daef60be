// What is remembered of tokens, and what is judged again at every request all the same.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "tests/support/bearer_fixture.h"

namespace sallyport::bearer {
namespace {

std::string bound_to(const std::array<std::uint8_t, 32>& hash) {
  return R"({"x5t#S256":")" + crypto::encode_base64url(crypto::as_text(hash)) + R"("})";
}

TEST_F(Bearer, AcceptsABoundTokenOnItsOwnConnectionOnly) {
  crypto::CertificateView mine, other;
  mine.sha256.fill(1);
  other.sha256.fill(2);
  const std::string token = "Bearer " + signed_with({{"cnf", bound_to(mine.sha256)}});
  Call with_it, with_another, without;
  with_it.header("Authorization", token).certificate(mine);
  EXPECT_THAT(judge(with_it), Allowed());
  // The signature is remembered by now; the connection is compared all the same.
  with_another.header("Authorization", token).certificate(other);
  EXPECT_THAT(judge(with_another), DeniedWith("bearer.bound_elsewhere"));
  EXPECT_EQ(evidence_, "certificate=another");
  without.header("Authorization", token);
  EXPECT_THAT(judge(without), DeniedWith("bearer.bound_elsewhere"));
  EXPECT_FALSE(without.exchange().facts.token.has_value());
}

TEST_F(Bearer, RemembersSignatures) {
  const std::string token = signed_with({});
  EXPECT_THAT(present(token), Allowed());
  EXPECT_THAT(present(token), Allowed());
  EXPECT_EQ(metric("bearer_verifications_total"), 1);
  EXPECT_EQ(metric("bearer_cache_hits_total"), 1);
}

TEST_F(Bearer, JudgesTheTimeOfRememberedTokensAgain) {
  const std::string token = "Bearer " + signed_with({});
  Call now, later;
  now.header("Authorization", token);
  EXPECT_THAT(judge(now), Allowed());
  later.header("Authorization", token).at(kNow + 810);
  EXPECT_THAT(judge(later), DeniedWith("bearer.expired"));
  Call older;
  older.header("Authorization", token).at(kNow + 801);
  EXPECT_THAT(judge(older), DeniedWith("bearer.too_old"));
  EXPECT_EQ(metric("bearer_verifications_total"), 1);
}

TEST_F(Bearer, JudgesTheAudienceOfRememberedTokensAgain) {
  const std::string token = signed_with({});
  EXPECT_THAT(present(token), Allowed());
  load("audience: [https://other.example]");
  EXPECT_THAT(present(token), DeniedWith("bearer.audience"));
  EXPECT_EQ(metric("bearer_cache_hits_total"), 1) << "the entries share what is remembered";
}

TEST_F(Bearer, JudgesTheAgeOfRememberedTokensByTheRulesOfEachChain) {
  const std::string token = signed_with({});
  EXPECT_THAT(present(token), Allowed());
  load(std::string(kEntry) + "\nmax_age: 99s");
  EXPECT_THAT(present(token), DeniedWith("bearer.too_old"));
  load(std::string(kEntry) + "\nmax_age: 899s\nmax_age_rule: lifetime");
  EXPECT_THAT(present(token), DeniedWith("bearer.lifetime_too_long"));
  load(std::string(kEntry) + "\nbinding: required");
  EXPECT_THAT(present(token), DeniedWith("bearer.not_bound"));
  EXPECT_EQ(metric("bearer_verifications_total"), 1);
}

TEST_F(Bearer, SaysHowFullItsMemoryIs) {
  EXPECT_EQ(metric("bearer_cache_entries"), 0);
  EXPECT_THAT(present(signed_with({})), Allowed());
  EXPECT_THAT(present(signed_with({})), Allowed());
  EXPECT_EQ(metric("bearer_cache_entries"), 2) << "ECDSA signs the same claims in different bytes";
  EXPECT_GT(metric("bearer_cache_bytes"), 0);
  EXPECT_EQ(metric("bearer_cache_capacity"), 65'536);
}

TEST_F(Bearer, ForgetsSignaturesWhenTheKeysChange) {
  const std::string token = signed_with({});
  EXPECT_THAT(present(token), Allowed());
  publish({rsa_key().jwk("r1", "RS256")});
  for (int i = 0; i < 100 && metric("jwks_keys") != 1; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    harness_.loop().run_once();
  }
  EXPECT_THAT(present(token), DeniedWith("bearer.key_withdrawn"));
}

TEST_F(Bearer, RefusesWhenThereAreNoKeys) {
  harness_.shared(R"(issuers:
  as:
    issuer: https://as.example
    jwks: {url: "http://127.0.0.1:1/jwks"}
    algorithms: [ES256]
)");
  load();
  EXPECT_THAT(present(signed_with({})), DeniedWith("bearer.keys_unavailable"));
  harness_.settle();
  std::string why;
  for (const auto& service : harness_.services()) why += service->not_ready().value_or("");
  EXPECT_THAT(why, HasSubstr("no keys of issuer as: 127.0.0.1:1: Connection refused"));
}

class TwoIssuers : public Bearer {
 protected:
  void SetUp() override {
    dir_.write("other.json", test::jwks({other_.jwk("k1", "ES256")}));
    harness_.shared(std::string(kShared) + R"(  other:
    issuer: https://other.example
    jwks: {file: other.json}
    algorithms: [ES256]
)");
  }
  const TestKey other_ = TestKey::make(KeyKind::p256);
};

TEST_F(TwoIssuers, VerifiesEachByItsOwnKeys) {
  load(std::string(kEntry) + "\nissuers: [as, other]");
  const Members by_other{{"iss", "\"https://other.example\""}};
  EXPECT_THAT(present(sign_jwt(other_, SignatureAlgorithm::es256, header(), claims(by_other))),
              Allowed());
  EXPECT_THAT(present(signed_with({})), Allowed());
  // The other issuer's key has the same id; it cannot speak for this one.
  EXPECT_THAT(present(sign_jwt(other_, SignatureAlgorithm::es256, header(), claims())),
              DeniedWith("bearer.signature"));
}

TEST_F(TwoIssuers, RefusesARememberedTokenWhereItsIssuerIsNotAccepted) {
  load(std::string(kEntry) + "\nissuers: [as, other]");
  const std::string token = signed_with({});
  EXPECT_THAT(present(token), Allowed());
  load(std::string(kEntry) + "\nissuers: [other]");
  EXPECT_THAT(present(token), DeniedWith("bearer.unknown_issuer"));
}

TEST_F(TwoIssuers, MustBeChosenFrom) {
  EXPECT_FALSE(harness_.load(kEntry));
  EXPECT_THAT(harness_.errors(), HasSubstr("several issuers: say which"));
}

}  // namespace
}  // namespace sallyport::bearer
