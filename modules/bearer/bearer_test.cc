#include "modules/bearer/bearer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>

#include "gateway/crypto/base64.h"
#include "modules/bearer/plan.h"
#include "tests/support/policy_harness.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_key.h"

namespace sallyport::bearer {
namespace {

using crypto::SignatureAlgorithm;
using test::Allowed;
using test::Call;
using test::DeniedWith;
using test::evidence_of;
using test::kNow;
using test::KeyKind;
using test::sign_jwt;
using test::TestKey;
using testing::HasSubstr;

const bool kCovered = test::require_every_reason(module);

// Members maps a name to the JSON text of its value; an empty text leaves the member out.
using Members = std::map<std::string, std::string>;

std::string object_of(Members members, const Members& changes) {
  for (const auto& [name, value] : changes) members[name] = value;
  std::string text = "{";
  for (const auto& [name, value] : members) {
    if (value.empty()) continue;
    text += (text.size() > 1 ? ",\"" : "\"") + name + "\":" + value;
  }
  return text + "}";
}

std::string header(const Members& changes = {}) {
  return object_of({{"alg", "\"ES256\""}, {"typ", "\"at+jwt\""}, {"kid", "\"k1\""}}, changes);
}

std::string claims(const Members& changes = {}) {
  return object_of({{"iss", "\"https://as.example\""},
                    {"sub", "\"user-1\""},
                    {"client_id", "\"plaid\""},
                    {"jti", "\"token-1\""},
                    {"aud", "\"https://api.bank.example\""},
                    {"iat", std::to_string(kNow - 100)},
                    {"exp", std::to_string(kNow + 800)}},
                   changes);
}

std::string seconds(std::int64_t from_now) { return std::to_string(kNow + from_now); }

const TestKey& key() {
  static const TestKey made = TestKey::make(KeyKind::p256);
  return made;
}

const TestKey& rsa_key() {
  static const TestKey made = TestKey::make(KeyKind::rsa2048);
  return made;
}

constexpr std::string_view kShared = R"(issuers:
  as:
    issuer: https://as.example
    jwks: {file: jwks.json}
    algorithms: [ES256, RS256]
)";
constexpr std::string_view kEntry = "audience: [https://api.bank.example]";

class Bearer : public testing::Test {
 protected:
  Bearer() {
    publish({key().jwk("k1", "ES256"), rsa_key().jwk("r1", "RS256")});
    harness_.folder(dir_.path()).shared(kShared);
  }

  void SetUp() override { load(); }

  void publish(std::initializer_list<std::string> keys) {
    dir_.write("jwks.json", test::jwks(keys));
  }
  void load(std::string_view entry = kEntry) {
    ASSERT_TRUE(harness_.load(entry)) << harness_.errors();
  }
  void load_shared(std::string_view shared, std::string_view entry = kEntry) {
    harness_.shared(shared);
    load(entry);
  }

  policy::Verdict present(std::string_view token) {
    Call call;
    call.header("Authorization", "Bearer " + std::string(token));
    return judge(call);
  }
  policy::Verdict present_claims(const Members& changes) { return present(signed_with(changes)); }
  // judge keeps the evidence, which dies with the call.
  policy::Verdict judge(Call& call) {
    auto verdict = harness_.judge(call);
    evidence_ = evidence_of(verdict);
    if (auto* deny = std::get_if<policy::Deny>(&verdict)) deny->evidence = {evidence_};
    return verdict;
  }

  static std::string signed_with(const Members& claim_changes, const Members& header_changes = {}) {
    return sign_jwt(key(), SignatureAlgorithm::es256, header(header_changes),
                    claims(claim_changes));
  }
  double metric(std::string_view name) const {
    for (const policy::Metric& each : harness_.metrics()) {
      if (each.name == name) return each.value;
    }
    ADD_FAILURE() << "no metric " << name;
    return 0;
  }

  test::TempDir dir_;
  test::PolicyHarness harness_{module};
  std::string evidence_;
};

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
  const std::string unsigned_token =
      crypto::encode_base64url(header({{"alg", "\"none\""}})) + "." +
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
  EXPECT_THAT(present_claims({{"aud", "\"https://other.example\""}}), DeniedWith("bearer.audience"));
  EXPECT_THAT(present_claims({{"aud", "\"https://api.bank.example/\""}}),
              DeniedWith("bearer.audience"));
  EXPECT_THAT(present_claims({{"aud", R"(["https://other.example","https://api.bank.example"])"}}),
              Allowed());
}

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

TEST_F(Bearer, RefusesDpopTokensPresentedAsBearer) {
  EXPECT_THAT(present_claims({{"cnf", R"({"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"})"}}),
              DeniedWith("bearer.bound_elsewhere"));
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

TEST_F(Bearer, ForgetsSignaturesWhenTheKeysChange) {
  const std::string token = signed_with({});
  EXPECT_THAT(present(token), Allowed());
  publish({rsa_key().jwk("r1", "RS256")});
  for (int i = 0; i < 100 && metric("jwks_keys") != 1; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    harness_.loop().run_once();
  }
  EXPECT_THAT(present(token), DeniedWith("bearer.key_unknown"));
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
  const auto services = harness_.services();
  EXPECT_THAT(services.back()->not_ready().value_or(""),
              HasSubstr("no keys of issuer as: 127.0.0.1:1: Connection refused"));
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
