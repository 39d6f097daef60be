#include "modules/bearer/credential.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

namespace sallyport::bearer {
namespace {

// found returns the token, or the id of the reason why there is none.
std::string found(std::initializer_list<std::string_view> values, std::string_view query = "") {
  http::RequestHead request;
  for (const std::string_view value : values) request.fields.add("Authorization", value);
  request.target.query = query;
  const auto result = find_token(request);
  if (const auto* reason = std::get_if<const policy::Reason*>(&result)) {
    return std::string((*reason)->id);
  }
  return std::string(std::get<std::string_view>(result));
}

TEST(Credential, FindsTheTokenAfterTheScheme) {
  EXPECT_EQ(found({"Bearer a.b-c_d~e+f/g=="}), "a.b-c_d~e+f/g==");
  EXPECT_EQ(found({"Bearer   abc"}), "abc");
}

TEST(Credential, TakesTheSchemeInAnyCase) {
  EXPECT_EQ(found({"bearer abc"}), "abc");
  EXPECT_EQ(found({"BEARER abc"}), "abc");
}

TEST(Credential, SaysWhenThereIsNone) { EXPECT_EQ(found({}), "bearer.missing"); }

TEST(Credential, RefusesOtherSchemes) {
  EXPECT_EQ(found({"Basic dTpw"}), "bearer.scheme");
  EXPECT_EQ(found({"DPoP abc"}), "bearer.scheme");
  EXPECT_EQ(found({"abc"}), "bearer.scheme");
  EXPECT_EQ(found({""}), "bearer.scheme");
  EXPECT_EQ(found({"Bearerabc"}), "bearer.scheme");
  EXPECT_EQ(found({"Bearer\tabc"}), "bearer.scheme");
}

TEST(Credential, RefusesASecondAuthorization) {
  EXPECT_EQ(found({"Bearer abc", "Bearer abc"}), "bearer.several_credentials");
  EXPECT_EQ(found({"Bearer abc", "Basic dTpw"}), "bearer.several_credentials");
}

TEST(Credential, RefusesWhatCannotBeAToken) {
  EXPECT_EQ(found({"Bearer"}), "bearer.malformed");
  EXPECT_EQ(found({"Bearer abc def"}), "bearer.malformed");
  EXPECT_EQ(found({"Bearer abc,Bearer def"}), "bearer.malformed");
  EXPECT_EQ(found({"Bearer \"abc\""}), "bearer.malformed");
  EXPECT_EQ(found({"Bearer \xc3\xa4"}), "bearer.malformed");
}

TEST(Credential, RefusesATokenInTheQuery) {
  EXPECT_EQ(found({}, "access_token=abc"), "bearer.several_credentials");
  EXPECT_EQ(found({"Bearer abc"}, "access_token=abc"), "bearer.several_credentials");
  EXPECT_EQ(found({"Bearer abc"}, "limit=1&access_token=abc"), "bearer.several_credentials");
}

TEST(Credential, SeesThroughSpellingsOfTheParameter) {
  for (const std::string_view query :
       {"access%5Ftoken=a", "access%5ftoken=a", "%61ccess_token=a", "Access_Token=a",
        "a=b;access_token=c", "access_token", "access_token[]=a", "access_token%5B%5D=a",
        "access_token%00=a"}) {
    EXPECT_TRUE(has_token_in_query(query)) << query;
  }
}

TEST(Credential, LeavesOtherParametersAlone) {
  for (const std::string_view query :
       {"", "a=access_token", "my_access_token=a", "access_tokens=a", "access_toke=a",
        "access_toke", "access_token_type=a", "access%", "access%5", "pageKey=access_token%3D"}) {
    EXPECT_FALSE(has_token_in_query(query)) << query;
  }
}

}  // namespace
}  // namespace sallyport::bearer
