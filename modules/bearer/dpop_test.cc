#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "modules/bearer/dpop_proof.h"
#include "modules/bearer/request_url.h"
#include "tests/support/bearer_fixture.h"

namespace sallyport::bearer {
namespace {

const TestKey& client_key() {
  static const TestKey made = TestKey::make(KeyKind::p256);
  return made;
}

std::string thumbprint(const TestKey& key) {
  return crypto::encode_base64url(crypto::as_text(key.public_key().thumbprint()));
}

std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string hash_of(std::string_view token) {
  return crypto::encode_base64url(crypto::as_text(crypto::sha256(token)));
}

std::string proof_header(const TestKey& key, const Members& changes = {}) {
  return object_of({{"alg", "\"ES256\""}, {"typ", "\"dpop+jwt\""}, {"jwk", key.jwk("", "", "")}},
                   changes);
}

class Dpop : public Bearer {
 protected:
  Dpop() : token_(signed_with({{"cnf", R"({"jkt":")" + thumbprint(client_key()) + "\"}"}})) {}

  Members proof_claims(const Members& changes = {}) const {
    Members all{{"jti", in_quotes("proof-" + std::to_string(next_++))},
                {"htm", "\"GET\""},
                {"htu", "\"https://api.bank.example/fdx/v6/accounts\""},
                {"iat", std::to_string(kNow)},
                {"ath", in_quotes(hash_of(token_))}};
    for (const auto& [name, value] : changes) all[name] = value;
    return all;
  }
  std::string proof(const Members& changes = {}, const Members& header_changes = {},
                    const TestKey& key = client_key()) const {
    return sign_jwt(key, SignatureAlgorithm::es256, proof_header(key, header_changes),
                    object_of(proof_claims(changes), {}));
  }
  Call& prepare(Call& call, std::string_view scheme = "DPoP") const {
    call.connection().tls_version = "TLSv1.3";
    return call.authority("api.bank.example")
        .target("/fdx/v6/accounts?limit=1")
        .header("Authorization", std::string(scheme) + " " + token_);
  }
  policy::Verdict present_with(const std::string& with) {
    Call call;
    prepare(call).header("DPoP", with);
    return judge(call);
  }

  std::string token_;
  mutable int next_ = 0;
};

TEST_F(Dpop, AllowsABoundTokenWithItsProof) {
  Call call;
  prepare(call).header("DPoP", proof());
  ASSERT_THAT(judge(call), Allowed());
  EXPECT_EQ(call.field("authorization"), "DPoP " + token_);
  EXPECT_EQ(call.exchange().facts.token->claims().key_sha256.size(), 32U);
}

TEST_F(Dpop, RefusesABoundTokenThatIsPresentedAsBearer) {
  Call call;
  prepare(call, "Bearer").header("DPoP", proof());
  EXPECT_THAT(judge(call), DeniedWith("bearer.dpop_as_bearer"));
}

TEST_F(Dpop, RefusesATokenThatIsNotBound) {
  token_ = signed_with({});
  EXPECT_THAT(present_with(proof()), DeniedWith("bearer.dpop_unbound"));
}

TEST_F(Dpop, NeedsExactlyOneProof) {
  Call none;
  EXPECT_THAT(judge(prepare(none)), DeniedWith("bearer.dpop_missing"));
  Call two;
  prepare(two).header("DPoP", proof()).header("dpop", proof());
  EXPECT_THAT(judge(two), DeniedWith("bearer.dpop_missing"));
}

// Every request needs a new proof, also when the token is remembered.
TEST_F(Dpop, RefusesAProofThatWasUsed) {
  const std::string used = proof();
  EXPECT_THAT(present_with(used), Allowed());
  EXPECT_THAT(present_with(used), DeniedWith("bearer.dpop_replayed"));
  EXPECT_THAT(present_with(proof()), Allowed());
}

TEST_F(Dpop, RefusesAProofForAnotherRequest) {
  for (const Members& changes :
       {Members{{"htm", "\"POST\""}}, Members{{"htm", "\"get\""}},
        Members{{"htu", "\"https://api.bank.example/fdx/v6/other\""}},
        Members{{"htu", "\"http://api.bank.example/fdx/v6/accounts\""}},
        Members{{"htu", "\"https://evil.example/fdx/v6/accounts\""}},
        Members{{"htu", "\"https://x@api.bank.example/fdx/v6/accounts\""}},
        Members{{"htu", "\"https://api.bank.example:8443/fdx/v6/accounts\""}},
        Members{{"htu", "\"/fdx/v6/accounts\""}}}) {
    EXPECT_THAT(present_with(proof(changes)), DeniedWith("bearer.dpop_request"))
        << changes.begin()->second;
  }
}

TEST_F(Dpop, TakesTheSameUrlInOtherLetters) {
  for (const std::string_view url : {"HTTPS://API.bank.example:443/fdx/v6/accounts",
                                     "https://api.bank.example/fdx/v6/accounts?limit=1#x",
                                     "https://api.bank.example:/fdx/./x/../v6/%61ccounts",
                                     "https://api%2Ebank.example/fdx/%2e/v6/accounts"}) {
    EXPECT_THAT(present_with(proof({{"htu", in_quotes(url)}})), Allowed()) << url;
  }
}

TEST_F(Dpop, KnowsTheNameThatClientsUse) {
  load(std::string(kEntry) + "\ndpop: {origin: \"https://public.example:8443\"}");
  EXPECT_THAT(present_with(proof()), DeniedWith("bearer.dpop_request"));
  EXPECT_THAT(present_with(proof({{"htu", "\"https://public.example:8443/fdx/v6/accounts\""}})),
              Allowed());
  EXPECT_FALSE(harness_.load(std::string(kEntry) + "\ndpop: {origin: \"https://x.example/a\"}"));
  EXPECT_THAT(harness_.errors(), HasSubstr("scheme and host only"));
}

TEST_F(Dpop, RefusesAProofForAnotherToken) {
  EXPECT_THAT(present_with(proof({{"ath", in_quotes(hash_of("another"))}})),
              DeniedWith("bearer.dpop_token"));
  EXPECT_THAT(present_with(proof({{"ath", ""}})), DeniedWith("bearer.dpop_token"));
}

TEST_F(Dpop, RefusesAProofByAnotherKey) {
  const TestKey thief = TestKey::make(KeyKind::p256);
  EXPECT_THAT(present_with(proof({}, {}, thief)), DeniedWith("bearer.dpop_key"));
  EXPECT_THAT(present_with(sign_jwt(thief, SignatureAlgorithm::es256, proof_header(client_key()),
                                    object_of(proof_claims(), {}))),
              DeniedWith("bearer.dpop_proof"));
}

TEST_F(Dpop, RefusesAProofOfAnotherTime) {
  EXPECT_THAT(present_with(proof({{"iat", seconds(-60)}})), Allowed());
  EXPECT_THAT(present_with(proof({{"iat", seconds(-61)}})), DeniedWith("bearer.dpop_stale"));
  EXPECT_THAT(present_with(proof({{"iat", seconds(10)}})), Allowed());
  EXPECT_THAT(present_with(proof({{"iat", seconds(11)}})), DeniedWith("bearer.dpop_stale"));
  EXPECT_THAT(present_with(proof({{"iat", seconds(-60) + ".25"}})), Allowed());
  EXPECT_THAT(present_with(proof({{"iat", seconds(-61) + ".9"}})), DeniedWith("bearer.dpop_stale"));
}

TEST_F(Dpop, TakesProofsByEd25519) {
  const TestKey ed = TestKey::make(KeyKind::ed25519);
  token_ = signed_with({{"cnf", R"({"jkt":")" + thumbprint(ed) + "\"}"}});
  for (const std::string_view alg : {"\"Ed25519\"", "\"EdDSA\""}) {
    EXPECT_THAT(present_with(sign_jwt(ed, SignatureAlgorithm::eddsa,
                                      proof_header(ed, {{"alg", std::string(alg)}}),
                                      object_of(proof_claims(), {}))),
                Allowed())
        << alg;
  }
}

TEST_F(Dpop, AsksForANonceWhenToldTo) {
  load(std::string(kEntry) + "\ndpop: {nonce: true}");
  Call call;
  prepare(call).header("DPoP", proof());
  EXPECT_THAT(judge(call), DeniedWith("bearer.dpop_nonce"));
  http::ResponseHead head;
  harness_.respond(call, head);
  ASSERT_NE(head.fields.find("DPoP-Nonce"), nullptr);
  const std::string nonce(head.fields.find("DPoP-Nonce")->value);
  EXPECT_THAT(present_with(proof({{"nonce", in_quotes(nonce)}})), Allowed());
  EXPECT_THAT(present_with(proof({{"nonce", in_quotes(nonce + "x")}})),
              DeniedWith("bearer.dpop_nonce"));
}

TEST(NonceMintTest, TakesANonceForTwoPeriodsOnly) {
  const NonceMint mint;
  const std::string nonce = mint.make(kNow);
  EXPECT_TRUE(mint.is_good(nonce, kNow));
  EXPECT_TRUE(mint.is_good(nonce, kNow + NonceMint::kPeriod));
  EXPECT_FALSE(mint.is_good(nonce, kNow + 2 * NonceMint::kPeriod));
  EXPECT_FALSE(NonceMint().is_good(nonce, kNow)) << "another process, another key";
}

TEST_F(Dpop, ChallengesInItsOwnScheme) {
  const auto hint = [&](const policy::Verdict& verdict) {
    return std::get<policy::DpopChallenge>(std::get<policy::Deny>(verdict).hint);
  };
  EXPECT_EQ(hint(present_with("x")).error, "invalid_dpop_proof");
  EXPECT_EQ(hint(present_with("x")).algorithms, "ES256 ES384 PS256 EdDSA");
  token_ = signed_with({{"exp", seconds(-100)}});
  EXPECT_EQ(hint(present_with(proof())).error, "invalid_token");
  load(std::string(kEntry) + "\nbinding: dpop");
  Call nothing;
  EXPECT_EQ(hint(judge(nothing)).error, "");
}

TEST_F(Dpop, RefusesWhenNoProofCanBeRemembered) {
  load_shared(std::string(kShared) + "dpop_proofs: 1024\n");
  const auto& plan = dynamic_cast<const BearerPlan&>(harness_.plan());
  for (int i = 0; i < 100'000; ++i) {
    plan.dpop->replays.insert("x" + std::to_string(i), kNow, kNow + 100'000'000);
  }
  EXPECT_THAT(present_with(proof()), DeniedWith("bearer.dpop_full"));
}

TEST_F(Dpop, BindingCanBeDemanded) {
  load(std::string(kEntry) + "\nbinding: dpop");
  EXPECT_THAT(present_with(proof()), Allowed());
  EXPECT_THAT(present(signed_with({})), DeniedWith("bearer.not_bound"));
  load(std::string(kEntry) + "\nbinding: required");
  EXPECT_THAT(present_with(proof()), Allowed());
  EXPECT_THAT(present(signed_with({})), DeniedWith("bearer.not_bound"));
  load(std::string(kEntry) + "\nbinding: certificate");
  EXPECT_THAT(present_with(proof()), DeniedWith("bearer.not_bound"));
}

TEST_F(Dpop, TellsAnOperatorEveryCheck) {
  load(std::string(kEntry) + "\nmax_age: 1s");
  token_ = signed_with({{"aud", "\"https://other.example\""}});
  policy::Explanation explanation;
  Call call;
  call.header("Authorization", "Bearer " + token_);
  call.exchange().explanation = &explanation;
  EXPECT_THAT(judge(call), DeniedWith("bearer.too_old"));
  std::string told;
  for (const policy::ToldCheck& check : explanation.checks()) {
    told += std::string(module.checks[check.place].name) + (check.passed ? "+ " : "- ");
  }
  EXPECT_EQ(told, "credential+ form+ issuer+ signature+ claims+ times+ age- audience- binding+ ");
}

TEST_F(Dpop, CannotTellAnOperatorWithoutAProof) {
  policy::Explanation explanation;
  Call call;
  call.header("Authorization", "Bearer " + token_);
  call.exchange().explanation = &explanation;
  EXPECT_THAT(judge(call), Allowed());
  ASSERT_FALSE(explanation.checks().empty());
  const policy::ToldCheck& last = explanation.checks().back();
  EXPECT_EQ(module.checks[last.place].name, "dpop");
  EXPECT_TRUE(last.is_open);
  EXPECT_FALSE(last.passed);
  EXPECT_THAT(last.detail, HasSubstr("cannot tell without a proof"));
}

constexpr std::array kAll{Algorithm::es256, Algorithm::rs256};

std::string fault_of(std::string_view proof) {
  const auto read = read_dpop_proof(proof, kAll);
  const auto* fault = std::get_if<ProofFault>(&read);
  return fault ? std::string(fault->text) : "read";
}

TEST_F(Dpop, ReadsProofsStrictly) {
  EXPECT_EQ(fault_of(proof()), "read");
  EXPECT_EQ(fault_of(""), "not three parts");
  EXPECT_EQ(fault_of(std::string(kMaxProofBytes + 1, 'x')), "longer than 8 KiB");
  EXPECT_EQ(fault_of(proof({}, {{"typ", "\"JWT\""}})), "typ is not dpop+jwt");
  EXPECT_EQ(fault_of(proof({}, {{"typ", ""}})), "typ is not dpop+jwt");
  EXPECT_EQ(fault_of(proof({}, {{"jwk", ""}})), "jwk is missing or not an object");
  EXPECT_EQ(fault_of(proof({}, {{"jwk", "{}"}})), "jwk is no key that can be used");
  EXPECT_EQ(fault_of(proof({}, {{"jwk", R"({"kty":"EC","d":"AQ"})"}})), "jwk holds a private key");
  EXPECT_EQ(fault_of(proof({}, {{"crit", "[]"}})), "crit is present");
  EXPECT_EQ(fault_of(proof({{"jti", ""}})), "jti is missing or not 1 to 256 bytes");
  EXPECT_EQ(fault_of(proof({{"jti", in_quotes(std::string(257, 'x'))}})),
            "jti is missing or not 1 to 256 bytes");
  EXPECT_EQ(fault_of(proof({{"htm", "7"}})), "htm is missing or not a string");
  EXPECT_EQ(fault_of(proof({{"htu", ""}})), "htu is missing or not a string");
  EXPECT_EQ(fault_of(proof({{"iat", "1.5"}})), "read");
  EXPECT_EQ(fault_of(proof({{"iat", ""}})), "iat is missing or no time in Unix seconds");
  EXPECT_EQ(fault_of(proof({{"iat", "-0.5"}})), "iat is missing or no time in Unix seconds");
  EXPECT_EQ(fault_of(proof({{"iat", "9223372036854775807"}})),
            "iat is missing or no time in Unix seconds");
  EXPECT_EQ(fault_of(proof({{"ath", "7"}})), "ath or nonce is not a string");
  const TestKey ed = TestKey::make(KeyKind::ed25519);
  EXPECT_EQ(
      fault_of(sign_jwt(ed, SignatureAlgorithm::eddsa, proof_header(ed, {{"alg", "\"EdDSA\""}}),
                        object_of(proof_claims(), {}))),
      "alg is not allowed");
}

TEST(SameUrl, ComparesByRfc3986) {
  EXPECT_TRUE(is_same_url("https://a.example", "https://a.example", "/"));
  EXPECT_TRUE(is_same_url("https://[2001:db8::1]:443/x", "https://[2001:DB8::1]", "/x"));
  EXPECT_TRUE(is_same_url("http://a.example:80/x", "http://a.example", "/x"));
  EXPECT_FALSE(is_same_url("https://a.example:80/x", "https://a.example", "/x"));
  EXPECT_FALSE(is_same_url("https://a.example/X", "https://a.example", "/x"));
  EXPECT_FALSE(is_same_url("https:///x", "https://", "/x"));
  EXPECT_FALSE(is_same_url("https://a.example*", "https://a.example", "*"));
  const auto normal = [](std::string_view url) { return normal_url(url).value_or("(none)"); };
  EXPECT_EQ(normal("HTTPS://A.Example"), "https://a.example/");
  EXPECT_EQ(normal("https://a.example:/x"), "https://a.example/x");
  EXPECT_EQ(normal("https://a%2eexample:443/x"), "https://a.example/x");
  EXPECT_EQ(normal("https://%4A.example/x"), "https://j.example/x");
  EXPECT_EQ(normal("https://a%c3%a4.example/x"), "https://a%C3%A4.example/x");
  EXPECT_EQ(normal("https://a.example/%7euser/%41%2d%2F%c3"), "https://a.example/~user/A-%2F%C3");
  EXPECT_EQ(normal("https://a.example/%2541"), "https://a.example/%2541");
  EXPECT_EQ(normal("https://a.example/a/./b/../c"), "https://a.example/a/c");
  EXPECT_EQ(normal("https://a.example/../%2e%2E/x/%2e"), "https://a.example/x/");
  EXPECT_EQ(normal("https://a.example/a//../b"), "https://a.example/a/b");
  EXPECT_EQ(normal("https://a.example?q=/../x"), "https://a.example/");
  EXPECT_EQ(normal("https://a.example/x#?y"), "https://a.example/x");
  EXPECT_EQ(normal("https://a.example:8443/X"), "https://a.example:8443/X");
  EXPECT_EQ(normal("ftp://a.example:80/"), "ftp://a.example:80/");
  for (const std::string_view url :
       {"", "/x", "a.example/x", "://a/x", "https://", "https://:443/", "https://u@a.example/",
        "https://a.example/%", "https://a/%4g", "https://a.example:x/", "ht/tp://a/",
        "https://a::443/", "https://[::1]:1:443/", "https://[::1/", "https:/a/"}) {
    EXPECT_EQ(normal(url), "(none)") << url;
  }
  EXPECT_FALSE(is_same_url("", "", ""));
}

}  // namespace
}  // namespace sallyport::bearer
