#include "modules/bearer/credential.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>

namespace sallyport::bearer {
namespace {

// found returns the token, or the id of the reason why there is none.
std::string found(std::initializer_list<std::string_view> values, std::string_view query = "") {
  http::RequestHead request;
  for (const std::string_view value : values) request.fields.add("Authorization", value);
  request.target.query = query;
  const auto result = find_token(request, "");
  if (const auto* reason = std::get_if<const policy::Reason*>(&result)) {
    return std::string((*reason)->id);
  }
  return std::string(std::get<Credential>(result).token);
}

TEST(Credential, FindsTheTokenAfterTheScheme) {
  EXPECT_EQ(found({"Bearer a.b-c_d~e+f/g=="}), "a.b-c_d~e+f/g==");
  EXPECT_EQ(found({"Bearer   abc"}), "abc");
}

TEST(Credential, TakesTheSchemeInAnyCase) {
  EXPECT_EQ(found({"bearer abc"}), "abc");
  EXPECT_EQ(found({"BEARER abc"}), "abc");
}

TEST(Credential, TellsTheSchemesApart) {
  for (const auto& [value, scheme] : {std::pair{"dpop abc", Scheme::dpop},
                                      {"DPoP abc", Scheme::dpop},
                                      {"Bearer abc", Scheme::bearer}}) {
    http::RequestHead request;
    request.fields.add("Authorization", value);
    const auto result = find_token(request, "");
    EXPECT_EQ(std::get<Credential>(result).scheme, scheme) << value;
  }
}

TEST(Credential, SaysWhenThereIsNone) { EXPECT_EQ(found({}), "bearer.missing"); }

TEST(Credential, RefusesOtherSchemes) {
  EXPECT_EQ(found({"Basic dTpw"}), "bearer.scheme");
  EXPECT_EQ(found({"Digest abc"}), "bearer.scheme");
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
  EXPECT_EQ(found({}, "access_token=abc"), "bearer.token_in_query");
  EXPECT_EQ(found({"Bearer abc"}, "access_token=abc"), "bearer.token_in_query");
  EXPECT_EQ(found({"Bearer abc"}, "limit=1&access_token=abc"), "bearer.token_in_query");
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

TEST(Credential, RefusesATokenInAForm) {
  const auto in_body = [](std::string_view type, std::string_view body) {
    http::RequestHead request;
    request.fields.add("Authorization", "Bearer abc");
    request.fields.add("Content-Type", type);
    const auto result = find_token(request, body);
    const auto* reason = std::get_if<const policy::Reason*>(&result);
    return reason == nullptr ? std::string("found") : std::string((*reason)->id);
  };
  constexpr std::string_view kForm = "application/x-www-form-urlencoded";
  EXPECT_EQ(in_body(kForm, "a=b&access_token=abc"), "bearer.token_in_body");
  EXPECT_EQ(in_body("Application/X-WWW-Form-Urlencoded ; charset=utf-8", "%61ccess_token=abc"),
            "bearer.token_in_body");
  EXPECT_EQ(in_body(kForm, "a=access_token"), "found");
  EXPECT_EQ(in_body("application/json", "access_token=abc"), "found");
}

}  // namespace
}  // namespace sallyport::bearer
