#include "gateway/cli/token_input.h"

#include <gtest/gtest.h>

#include "gateway/crypto/base64.h"
#include "gateway/policy/opaque_token.h"

namespace sallyport::cli {
namespace {

TEST(BareToken, TakesOffOneSchemeAndWhiteSpace) {
  for (const char* text : {"xyz", " xyz", "xyz\r\n", "\n\t xyz \n\n", "Bearer xyz", "bearer  xyz\n",
                           " BEARER\txyz", "DPoP xyz", "dpop xyz "}) {
    EXPECT_EQ(bare_token(text), "xyz") << text;
  }
  EXPECT_EQ(bare_token("Bearerxyz"), "Bearerxyz") << "a token may begin so";
  EXPECT_EQ(bare_token("Bearer Bearer xyz"), "Bearer xyz") << "one scheme";
  for (const char* text : {"", " \n", "Bearer", " bearer ", "DPoP\n"})
    EXPECT_EQ(bare_token(text), "") << text;
}

TEST(TokenNames, NameOnlyWhatARequestCouldCarry) {
  EXPECT_EQ(name_token("xyz")->value, policy::opaque_token_id("xyz"));
  EXPECT_EQ(name_token("aZ09-._~+/==")->value, policy::opaque_token_id("aZ09-._~+/=="));
  for (const char* text :
       {"Bearer xyz", "one two", "one\ntwo", "\"xyz\"", "token:xyz", "x\x01", "x\xc3\xa4"}) {
    EXPECT_FALSE(name_token(text)) << text;
  }
  const std::string jwt = "e30." + crypto::encode_base64url(R"({"iss":"i","jti":"j"})") + ".c2ln";
  const auto name = name_token(jwt);
  ASSERT_TRUE(name);
  EXPECT_EQ(name->issuer, "i");
  EXPECT_EQ(name->value, "j");
}

}  // namespace
}  // namespace sallyport::cli
