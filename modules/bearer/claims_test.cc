#include "modules/bearer/claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "gateway/crypto/base64.h"

namespace sallyport::bearer {
namespace {

using testing::ElementsAre;

// A payload with all that is required; `more` begins with a comma.
std::string payload(std::string_view more = "") {
  return R"({"iss":"https://as.example","sub":"u1","client_id":"c1","jti":"t1","aud":"api",)"
         R"("iat":100,"exp":1000)" +
         std::string(more) + "}";
}

std::variant<Claims, ClaimFault> read(std::string_view text, const IssuerSettings& settings = {}) {
  const auto json = json::parse(text);
  EXPECT_TRUE(json) << text;
  return read_claims(*json, settings);
}

policy::TokenClaims claims_of(std::string_view text, const IssuerSettings& settings = {}) {
  auto result = read(text, settings);
  const auto* fault = std::get_if<ClaimFault>(&result);
  EXPECT_EQ(fault, nullptr) << fault->claim;
  return fault ? policy::TokenClaims{} : std::get<Claims>(result).claims;
}

std::string fault_of(std::string_view text, const IssuerSettings& settings = {}) {
  const auto result = read(text, settings);
  const auto* fault = std::get_if<ClaimFault>(&result);
  if (fault == nullptr) return "none";
  const bool missing = fault->kind == ClaimFault::Kind::missing;
  return (missing ? "missing " : "malformed ") + std::string(fault->claim);
}

TEST(Claims, ReadsEveryClaim) {
  const auto claims =
      claims_of(payload(R"(,"nbf":50,"scope":"Account Customer","fdxConsentId":"consent-1")"));
  EXPECT_EQ(claims.issuer, "https://as.example");
  EXPECT_EQ(claims.subject, "u1");
  EXPECT_EQ(claims.client_id, "c1");
  EXPECT_EQ(claims.token_id, "t1");
  EXPECT_EQ(claims.consent_id, "consent-1");
  EXPECT_THAT(claims.audience, ElementsAre("api"));
  EXPECT_THAT(claims.scopes, ElementsAre("Account", "Customer"));
  EXPECT_EQ(claims.scope_text, "Account Customer");
  EXPECT_EQ(claims.issued_at, 100);
  EXPECT_EQ(claims.not_before, 50);
  EXPECT_EQ(claims.expires_at, 1000);
  EXPECT_EQ(claims.certificate_sha256, "");
}

TEST(Claims, NamesTheMissingOne) {
  EXPECT_EQ(fault_of(R"({"sub":"u","client_id":"c","jti":"t","aud":"a","iat":1})"), "missing exp");
  EXPECT_EQ(fault_of(R"({"sub":"u","client_id":"c","jti":"t","aud":"a","exp":1})"), "missing iat");
  EXPECT_EQ(fault_of(R"({"sub":"u","client_id":"c","jti":"t","iat":1,"exp":2})"), "missing aud");
  EXPECT_EQ(fault_of(R"({"client_id":"c","jti":"t","aud":"a","iat":1,"exp":2})"), "missing sub");
  EXPECT_EQ(fault_of(R"({"sub":"u","jti":"t","aud":"a","iat":1,"exp":2})"), "missing client_id");
  EXPECT_EQ(fault_of(R"({"sub":"u","client_id":"c","aud":"a","iat":1,"exp":2})"), "missing jti");
}

TEST(Claims, TakesAnEmptyTextForMissing) {
  EXPECT_EQ(fault_of(R"({"sub":"","client_id":"c","jti":"t","aud":"a","iat":1,"exp":2})"),
            "missing sub");
  EXPECT_EQ(fault_of(R"({"sub":"u","client_id":"","jti":"t","aud":"a","iat":1,"exp":2})"),
            "missing client_id");
}

TEST(Claims, RequiresWhatTheConfigurationSays) {
  IssuerSettings settings;
  settings.required_claims = {"scope", "tenant"};
  const std::string bare = R"({"aud":"a","iat":1,"exp":2)";
  EXPECT_EQ(fault_of(bare + "}", settings), "missing scope");
  EXPECT_EQ(fault_of(bare + R"(,"scope":"x"})", settings), "missing tenant");
  EXPECT_EQ(fault_of(bare + R"(,"scp":["x"],"tenant":1})", settings), "none");
}

TEST(Claims, TakesFractionsAndExponents) {
  IssuerSettings settings;
  settings.required_claims.clear();
  const auto claims = claims_of(
      R"({"aud":"a","iat":1796000000.25,"exp":1796000600.387841,"nbf":1796000000.25})", settings);
  EXPECT_EQ(claims.issued_at, 1796000000);
  EXPECT_EQ(claims.expires_at, 1796000600);
  EXPECT_EQ(claims.not_before, 1796000001);
  const auto exponent =
      claims_of(R"({"aud":"a","iat":1.796000000E9,"exp":1.7960006e+9})", settings);
  EXPECT_EQ(exponent.issued_at, 1796000000);
  EXPECT_EQ(exponent.expires_at, 1796000600);
  EXPECT_EQ(fault_of(R"({"aud":"a","iat":-0.5,"exp":2})"), "malformed iat");
  EXPECT_EQ(fault_of(R"({"aud":"a","iat":1,"exp":1e12})"), "malformed exp");
  EXPECT_EQ(fault_of(R"({"aud":"a","iat":1,"exp":1e19})"), "malformed exp");
}

TEST(Claims, TakesNothingElseForATime) {
  EXPECT_EQ(fault_of(R"({"aud":"a","iat":1,"exp":"2"})"), "malformed exp");
  EXPECT_EQ(fault_of(R"({"aud":"a","iat":-1,"exp":2})"), "malformed iat");
  EXPECT_EQ(fault_of(payload(R"(,"nbf":true)")), "malformed nbf");
  EXPECT_EQ(fault_of(payload(R"(,"nbf":null)")), "malformed nbf");
}

TEST(Claims, RefusesTimesThatCouldOverflow) {
  EXPECT_EQ(fault_of(R"({"aud":"a","iat":1,"exp":9223372036854775807})"), "malformed exp");
  EXPECT_EQ(fault_of(R"({"aud":"a","iat":1,"exp":253402300800})"), "malformed exp");
}

TEST(Claims, RefusesNamesThatAreNotText) {
  EXPECT_EQ(fault_of(R"({"sub":7,"aud":"a","iat":1,"exp":2})"), "malformed sub");
  EXPECT_EQ(fault_of(R"({"jti":["t"],"aud":"a","iat":1,"exp":2})"), "malformed jti");
  EXPECT_EQ(fault_of(R"({"client_id":{},"aud":"a","iat":1,"exp":2})"), "malformed client_id");
  EXPECT_EQ(fault_of(payload(R"(,"fdxConsentId":1)")), "malformed fdxConsentId");
}

TEST(Claims, TakesAudienceAsTextOrListOfTexts) {
  IssuerSettings settings;
  settings.required_claims.clear();
  EXPECT_THAT(claims_of(R"({"aud":["a","b"],"iat":1,"exp":2})", settings).audience,
              ElementsAre("a", "b"));
  EXPECT_EQ(fault_of(R"({"aud":[],"iat":1,"exp":2})"), "missing aud");
  EXPECT_EQ(fault_of(R"({"aud":["a",1],"iat":1,"exp":2})"), "malformed aud");
  EXPECT_EQ(fault_of(R"({"aud":{"a":1},"iat":1,"exp":2})"), "malformed aud");
}

TEST(Claims, TakesTheClientForTheAudienceOfAnIssuerThatSendsNone) {
  IssuerSettings settings;
  settings.audience_from = AudienceFrom::client_id;
  const std::string bare = R"({"sub":"u","client_id":"c1","jti":"t","iat":1,"exp":2)";
  EXPECT_THAT(claims_of(bare + "}", settings).audience, ElementsAre("c1"));
  EXPECT_EQ(fault_of(bare + "}"), "missing aud");
  EXPECT_EQ(fault_of(R"({"sub":"u","jti":"t","iat":1,"exp":2})", settings), "missing client_id");
  const auto with_audience = read(payload(), settings);
  EXPECT_EQ(std::get<ClaimFault>(with_audience).kind, ClaimFault::Kind::unexpected);
}

TEST(Claims, TakesScopesAsTextOrList) {
  EXPECT_THAT(claims_of(payload(R"(,"scope":"  a   b ")")).scopes, ElementsAre("a", "b"));
  EXPECT_THAT(claims_of(payload(R"(,"scp":["a","b c"])")).scopes, ElementsAre("a", "b", "c"));
  EXPECT_EQ(claims_of(payload(R"(,"scp":["a","b c"])")).scope_text, "a b c");
  EXPECT_EQ(fault_of(payload(R"(,"scope":7)")), "malformed scope");
}

// Two claims that disagree must not add up to more than either of them says.
TEST(Claims, ReadsTheFirstScopeClaimOnly) {
  EXPECT_THAT(claims_of(payload(R"(,"scp":["b"],"scope":"a")")).scopes, ElementsAre("a"));
}

TEST(Claims, ReadsTheClientIdWhereTheConfigurationSays) {
  IssuerSettings settings;
  settings.client_id_claims = {"cid", "azp"};
  EXPECT_EQ(claims_of(payload(R"(,"azp":"second","cid":"first")"), settings).client_id, "first");
  EXPECT_EQ(claims_of(payload(R"(,"azp":"second")"), settings).client_id, "second");
}

TEST(Claims, ReadsTheCertificateThatATokenIsBoundTo) {
  const std::string hash(32, 'h');
  const auto claims =
      claims_of(payload(R"(,"cnf":{"x5t#S256":")" + crypto::encode_base64url(hash) + R"("})"));
  EXPECT_EQ(claims.certificate_sha256, hash);
}

TEST(Claims, RefusesABindingThatCannotBeRead) {
  const std::string short_hash = crypto::encode_base64url(std::string(20, 'h'));
  EXPECT_EQ(fault_of(payload(R"(,"cnf":"thumbprint")")), "malformed cnf");
  EXPECT_EQ(fault_of(payload(R"(,"cnf":{"x5t#S256":7})")), "malformed cnf");
  EXPECT_EQ(fault_of(payload(R"(,"cnf":{"x5t#S256":"###"})")), "malformed cnf");
  EXPECT_EQ(fault_of(payload(R"(,"cnf":{"x5t#S256":")" + short_hash + R"("})")), "malformed cnf");
}

TEST(Claims, TellsOtherBindingsApart) {
  const std::string hash = crypto::encode_base64url(std::string(32, 'h'));
  const auto is_otherwise = [](std::string_view more) {
    const auto result = read(payload(more));
    return std::get<Claims>(result).is_bound_otherwise;
  };
  EXPECT_FALSE(is_otherwise(""));
  EXPECT_FALSE(is_otherwise(R"(,"cnf":{"x5t#S256":")" + hash + R"("})"));
  EXPECT_FALSE(is_otherwise(R"(,"cnf":{"jkt":")" + hash + R"("})"));
  EXPECT_FALSE(is_otherwise(R"(,"cnf":{"jkt":")" + hash + R"(","x5t#S256":")" + hash + R"("})"));
  EXPECT_TRUE(is_otherwise(R"(,"cnf":{"jwk":{}})"));
  EXPECT_TRUE(is_otherwise(R"(,"cnf":{"kid":"x","x5t#S256":")" + hash + R"("})"));
  EXPECT_TRUE(is_otherwise(R"(,"cnf":{})"));
}

TEST(Claims, ReadsTheIssuerByItself) {
  const auto issuer_of = [](std::string_view text) {
    const auto json = json::parse(text);
    const auto issuer = read_issuer(*json);
    const auto* fault = std::get_if<ClaimFault>(&issuer);
    if (fault)
      return std::string(fault->kind == ClaimFault::Kind::missing ? "missing" : "malformed");
    return std::string(std::get<std::string_view>(issuer));
  };
  EXPECT_EQ(issuer_of(R"({"iss":"a"})"), "a");
  EXPECT_EQ(issuer_of("{}"), "missing");
  EXPECT_EQ(issuer_of(R"({"iss":["a"]})"), "malformed");
}

}  // namespace
}  // namespace sallyport::bearer
