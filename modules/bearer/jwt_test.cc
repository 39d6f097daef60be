#include "modules/bearer/jwt.h"

#include <gtest/gtest.h>

#include <string>

#include "gateway/crypto/base64.h"

namespace sallyport::bearer {
namespace {

using crypto::encode_base64url;

constexpr std::string_view kHeader = R"({"alg":"ES256","typ":"at+jwt","kid":"k1"})";
constexpr std::string_view kPayload = R"({"iss":"https://as.example"})";

std::string token_of(std::string_view header, std::string_view payload = kPayload) {
  return encode_base64url(header) + "." + encode_base64url(payload) + "." +
         encode_base64url(std::string(64, 's'));
}

// fault_of returns the text of the fault, "accepted" when there is none.
std::string_view fault_of(std::string_view token) {
  const auto parsed = parse_jwt(token);
  const auto* fault = std::get_if<JwtFault>(&parsed);
  return fault ? to_string(*fault) : "accepted";
}

std::string_view fault_of_header(std::string_view header) { return fault_of(token_of(header)); }

TEST(Jwt, TakesAGoodTokenApart) {
  const std::string token = token_of(kHeader);
  const auto parsed = parse_jwt(token);
  const auto* jwt = std::get_if<UnverifiedJwt>(&parsed);
  ASSERT_NE(jwt, nullptr) << fault_of(token);
  EXPECT_EQ(jwt->algorithm, Algorithm::es256);
  EXPECT_EQ(jwt->key_id, "k1");
  EXPECT_EQ(jwt->type, "at+jwt");
  EXPECT_EQ(jwt->signature, std::string(64, 's'));
  EXPECT_EQ(jwt->signing_input, token.substr(0, token.rfind('.')));
  EXPECT_EQ(jwt->payload.member("iss").string(), "https://as.example");
}

TEST(Jwt, ViewsOutliveACopyOfTheParsedToken) {
  UnverifiedJwt copy;
  {
    const auto parsed = parse_jwt(token_of(kHeader));
    copy = std::get<UnverifiedJwt>(parsed);
  }
  EXPECT_EQ(copy.key_id, "k1");
  EXPECT_EQ(copy.type, "at+jwt");
}

TEST(Jwt, RefusesAnyOtherNumberOfParts) {
  EXPECT_EQ(fault_of(""), "not three parts");
  EXPECT_EQ(fault_of("opaque-token"), "not three parts");
  EXPECT_EQ(fault_of("a.b"), "not three parts");
  EXPECT_EQ(fault_of(token_of(kHeader) + "."), "not three parts");
  EXPECT_EQ(fault_of("a.b.c.d.e.f"), "not three parts");
}

TEST(Jwt, RefusesEncryptedTokens) {
  EXPECT_EQ(fault_of("a.b.c.d.e"), "five parts: encrypted tokens are not read");
}

TEST(Jwt, RefusesBase64ThatIsNotStrict) {
  const std::string signature = "." + encode_base64url("signature");
  const std::string header = encode_base64url(kHeader);
  const std::string payload = "." + encode_base64url(kPayload);
  EXPECT_EQ(fault_of(header + "=" + payload + signature), "header is not strict base64url");
  EXPECT_EQ(fault_of(header + "\n" + payload + signature), "header is not strict base64url");
  EXPECT_EQ(fault_of("+/+/" + payload + signature), "header is not strict base64url");
  EXPECT_EQ(fault_of(header + payload + "=" + signature), "payload is not strict base64url");
  EXPECT_EQ(fault_of(header + payload + ".c2ln="), "signature is not strict base64url");
}

// A second spelling of the same signature would be a second token to whoever hashes tokens.
TEST(Jwt, RefusesStrayBitsAtTheEndOfTheSignature) {
  const std::string good = token_of(kHeader);
  EXPECT_EQ(fault_of(good), "accepted");
  std::string stray = good;
  ++stray.back();
  EXPECT_EQ(fault_of(stray), "signature is not strict base64url");
}

TEST(Jwt, RefusesAnEmptySignature) {
  EXPECT_EQ(fault_of(encode_base64url(kHeader) + "." + encode_base64url(kPayload) + "."),
            "signature is empty");
}

TEST(Jwt, RefusesSignaturesThatNoKeyCouldHaveMade) {
  const auto fault = [](std::string_view alg, const std::string& signature) {
    return fault_of(encode_base64url(R"({"kid":"k1","alg":")" + std::string(alg) + "\"}") + "." +
                    encode_base64url(kPayload) + "." + encode_base64url(signature));
  };
  const std::string_view length = "signature has not the length of its algorithm";
  EXPECT_EQ(fault("ES256", std::string(63, 's')), length);
  EXPECT_EQ(fault("ES256", std::string(96, 's')), length);
  EXPECT_EQ(fault("ES384", std::string(64, 's')), length);
  EXPECT_EQ(fault("EdDSA", std::string(65, 's')), length);
  EXPECT_EQ(fault("ES384", std::string(96, 's')), "accepted");
  EXPECT_EQ(fault("RS256", std::string(256, 's')), "accepted");
  EXPECT_EQ(fault("ES256", std::string(32, '\0') + std::string(32, 's')), "r or s is zero");
  EXPECT_EQ(fault("ES384", std::string(48, 's') + std::string(48, '\0')), "r or s is zero");
}

// The examples of RFC 7519: section 3.1 is keyed with a secret, section 6.1 is not signed.
TEST(Jwt, RefusesTheExamplesOfRfc7519) {
  EXPECT_EQ(fault_of("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
                     "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9"
                     "pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "alg is symmetric");
  EXPECT_EQ(fault_of("eyJhbGciOiJub25lIn0."
                     "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9"
                     "pc19yb290Ijp0cnVlfQ."),
            "alg is none");
}

TEST(Jwt, NeedsNoKeyIdWhereTheKeyComesAlong) {
  const std::string token = token_of(R"({"alg":"ES256"})");
  EXPECT_TRUE(std::holds_alternative<UnverifiedJwt>(parse_jwt(token, KeyNaming::optional)));
}

TEST(Jwt, RefusesAHeaderThatIsNotAStrictObject) {
  const std::string_view fault = "header is not a strict JSON object";
  EXPECT_EQ(fault_of_header(""), fault);
  EXPECT_EQ(fault_of_header("[]"), fault);
  EXPECT_EQ(fault_of_header(R"("ES256")"), fault);
  EXPECT_EQ(fault_of_header(R"({"alg":"ES256","kid":"k1",})"), fault);
  EXPECT_EQ(fault_of_header(std::string(kHeader) + "{}"), fault);
  EXPECT_EQ(fault_of_header("\xef\xbb\xbf" + std::string(kHeader)), fault);
  EXPECT_EQ(fault_of_header(R"({"alg":"ES256","kid":"k1","x":{"a":{"b":{"c":{}}}}})"),
            "nested too deep");
}

TEST(Jwt, RefusesMembersThatAppearTwice) {
  const std::string_view fault = "a member name appears twice";
  EXPECT_EQ(fault_of_header(R"({"alg":"none","alg":"ES256","kid":"k1"})"), fault);
  EXPECT_EQ(fault_of(token_of(kHeader, R"({"iss":"a","iss":"b"})")), fault);
  EXPECT_EQ(fault_of(token_of(kHeader, R"({"iss":"a","\u0069ss":"b"})")), fault);
}

TEST(Jwt, RefusesAPayloadThatIsNotAnObject) {
  EXPECT_EQ(fault_of(token_of(kHeader, "")), "payload is not a strict JSON object");
  EXPECT_EQ(fault_of(token_of(kHeader, "null")), "payload is not a strict JSON object");
  EXPECT_EQ(fault_of(token_of(kHeader, "{\"iss\":\"\xff\"}")), "invalid UTF-8");
  EXPECT_EQ(fault_of(token_of(kHeader, R"({"iss":"\u0000"})")), "NUL");
  EXPECT_EQ(fault_of(token_of(kHeader, R"({"exp":99999999999999999999})")),
            "a number is too large");
}

TEST(Jwt, RefusesNoneInEverySpelling) {
  for (const std::string alg : {"none", "None", "NONE", "nOnE"}) {
    EXPECT_EQ(fault_of_header(R"({"alg":")" + alg + R"(","kid":"k1"})"), "alg is none") << alg;
  }
}

TEST(Jwt, RefusesSymmetricAndUnknownAlgorithms) {
  for (const std::string alg : {"RS1", "es256", "ES256K", "", "RSA1_5"}) {
    EXPECT_EQ(fault_of_header(R"({"alg":")" + alg + R"(","kid":"k1"})"), "alg is unknown") << alg;
  }
  for (const std::string alg : {"HS256", "HS384", "hs512", "HS"}) {
    EXPECT_EQ(fault_of_header(R"({"alg":")" + alg + R"(","kid":"k1"})"), "alg is symmetric") << alg;
  }
}

TEST(Jwt, RefusesAHeaderWithoutAlgorithm) {
  EXPECT_EQ(fault_of_header(R"({"kid":"k1"})"), "alg is missing or not a string");
  EXPECT_EQ(fault_of_header(R"({"alg":null,"kid":"k1"})"), "alg is missing or not a string");
  EXPECT_EQ(fault_of_header(R"({"alg":["ES256"],"kid":"k1"})"), "alg is missing or not a string");
}

TEST(Jwt, RefusesCriticalExtensionsEvenEmptyOnes) {
  EXPECT_EQ(fault_of_header(R"({"alg":"ES256","kid":"k1","crit":["exp"]})"), "crit is present");
  EXPECT_EQ(fault_of_header(R"({"alg":"ES256","kid":"k1","crit":[]})"), "crit is present");
}

TEST(Jwt, RefusesUnencodedAndCompressedPayloads) {
  EXPECT_EQ(fault_of_header(R"({"alg":"ES256","kid":"k1","b64":false})"), "b64 is present");
  EXPECT_EQ(fault_of_header(R"({"alg":"ES256","kid":"k1","zip":"DEF"})"), "zip is present");
}

TEST(Jwt, RefusesNestedTokens) {
  EXPECT_EQ(fault_of_header(R"({"alg":"ES256","kid":"k1","cty":"JWT"})"),
            "cty is present: nested tokens are not read");
}

TEST(Jwt, RefusesAHeaderWithoutUsableKeyId) {
  EXPECT_EQ(fault_of_header(R"({"alg":"ES256"})"), "kid is missing, empty or not a string");
  EXPECT_EQ(fault_of_header(R"({"alg":"ES256","kid":""})"),
            "kid is missing, empty or not a string");
  EXPECT_EQ(fault_of_header(R"({"alg":"ES256","kid":1})"), "kid is missing, empty or not a string");
}

TEST(Jwt, LimitsTheLengthOfTheKeyId) {
  const auto header = [](std::size_t length) {
    return R"({"alg":"ES256","kid":")" + std::string(length, 'k') + R"("})";
  };
  EXPECT_EQ(fault_of_header(header(kMaxKeyIdBytes)), "accepted");
  EXPECT_EQ(fault_of_header(header(kMaxKeyIdBytes + 1)), "kid is longer than 256 bytes");
}

TEST(Jwt, RefusesATypeThatIsNotText) {
  EXPECT_EQ(fault_of_header(R"({"alg":"ES256","kid":"k1","typ":7})"), "typ is not a string");
}

TEST(Jwt, IgnoresKeysThatTheTokenBringsAlong) {
  EXPECT_EQ(fault_of_header(R"({"alg":"ES256","kid":"k1","jku":"https://evil.example/",)"
                            R"("x5u":"https://evil.example/","jwk":{"kty":"EC"},"x5c":["MII"]})"),
            "accepted");
}

TEST(Jwt, LimitsTheSizeOfTheHeader) {
  const auto header = [](std::size_t length) {
    return R"({"alg":"ES256","kid":"k1","x":")" + std::string(length, 'x') + R"("})";
  };
  EXPECT_EQ(fault_of_header(header(1000)), "accepted");
  EXPECT_EQ(fault_of_header(header(5000)), "header is not a strict JSON object");
}

TEST(Jwt, ComparesTypesWithoutCaseAndPrefix) {
  EXPECT_TRUE(is_type("at+jwt", "at+jwt"));
  EXPECT_TRUE(is_type("AT+JWT", "at+jwt"));
  EXPECT_TRUE(is_type("application/at+jwt", "at+jwt"));
  EXPECT_TRUE(is_type("at+jwt", "Application/at+jwt"));
  EXPECT_FALSE(is_type("jwt", "at+jwt"));
  EXPECT_FALSE(is_type("", "at+jwt"));
  EXPECT_FALSE(is_type("application/application/at+jwt", "at+jwt"));
}

}  // namespace
}  // namespace sallyport::bearer
