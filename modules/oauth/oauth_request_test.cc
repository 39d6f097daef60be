#include "modules/oauth/oauth_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/crypto/base64.h"
#include "modules/oauth/oauth_names.h"

namespace sallyport::oauth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kForm = "application/x-www-form-urlencoded";
constexpr std::string_view kGood = "grant_type=refresh_token&refresh_token=r&client_id=c";

// Asked is a request; what is not said is as an honest client sends it.
struct Asked {
  std::string body = std::string(kGood);
  std::vector<http::Field> fields = {};
  std::string_view type = kForm;
  std::string_view query = {};
  std::string_view allowed_query = {};
  http::Method method = http::Method::post;
  Kind kind = Kind::token;
};

Result<OauthRequest> read(const Asked& asked) {
  http::RequestHead head;
  head.method = asked.method;
  head.target.path = "/token";
  head.target.query = asked.query;
  head.target.has_query = !asked.query.empty();
  if (!asked.type.empty()) head.fields.add("Content-Type", asked.type);
  for (const http::Field& field : asked.fields) head.fields.add(field.name, field.value);
  return read_oauth_request(head, asked.body, asked.kind, asked.allowed_query);
}

std::string problem_of(const Asked& asked) {
  const auto request = read(asked);
  return request ? "(none)" : request.error().text;
}

Asked with_body(std::string body) { return {.body = std::move(body)}; }
Asked with_field(std::string_view name, std::string_view value) {
  return {.fields = {{name, value}}};
}

TEST(OauthRequest, ReadsWhatHonestClientsSend) {
  const auto request =
      read(with_body("grant_type=refresh_token&refresh_token=ab%2Bc%3D%3d&client_id=my+bank%20app&"
                     "scope=a b+c&x=1&x=2"
                     "&resource=https%3A%2F%2Fa&resource=https%3A%2F%2Fb&audience=a&audience=b&"
                     "code=&vendor.param=y"
                     "&filter[]=1&password=%C3%A9&&"));
  ASSERT_TRUE(request) << request.error().text;
  EXPECT_EQ(request->grant_type, "refresh_token");
  EXPECT_EQ(request->refresh_token, "ab+c==");
  EXPECT_THAT(request->clients.named, ElementsAre("my bank app"));
  for (const std::string_view type : {"application/x-www-form-urlencoded; charset=UTF-8",
                                      "Application/X-WWW-form-urlencoded;charset=utf-8",
                                      "application/x-www-form-urlencoded; charset=\"utf-8\"",
                                      "application/x-www-form-urlencoded;"}) {
    EXPECT_EQ(problem_of({.type = type}), "(none)") << type;
  }
  EXPECT_EQ(problem_of(with_field("Content-Encoding", "identity")), "(none)");
  EXPECT_EQ(problem_of(with_field("Cookie", "sticky=node-1; state=x")), "(none)");
  EXPECT_EQ(problem_of({.body = "token=t&token_type_hint=", .kind = Kind::revocation}), "(none)");
}

TEST(OauthRequest, RefusesWhatAnotherReaderFindsElsewhere) {
  EXPECT_THAT(problem_of({.query = "refresh_token=x"}), HasSubstr("query"));
  EXPECT_THAT(problem_of({.query = "a=b"}), HasSubstr("query"));
  EXPECT_EQ(problem_of({.query = "a=b", .allowed_query = "a=b"}), "(none)");
  EXPECT_EQ(problem_of({.allowed_query = "a=b"}), "(none)");
  EXPECT_THAT(problem_of({.query = "a=%62", .allowed_query = "a=b"}), HasSubstr("query"));
  EXPECT_THAT(problem_of({.query = "a=b&", .allowed_query = "a=b"}), HasSubstr("query"));
  EXPECT_THAT(problem_of({.method = http::Method::get}), HasSubstr("POST"));
  EXPECT_THAT(problem_of({.method = http::Method::put}), HasSubstr("POST"));
  for (const std::string_view name : {"grant_type", "Grant-Type", "REFRESH_TOKEN", "client-id"}) {
    EXPECT_THAT(problem_of(with_field(name, "x")), HasSubstr("a field is called")) << name;
  }
  for (const std::string_view cookies :
       {"refresh_token=x", "a=b; refresh_token=x", "a=b;Grant_Type=x", "a=b, client_id=c",
        "refresh%5ftoken=x", "refresh_token"}) {
    EXPECT_THAT(problem_of(with_field("Cookie", cookies)), HasSubstr("a cookie is called"))
        << cookies;
  }
  EXPECT_THAT(
      problem_of({.body = "token=t", .fields = {{"Cookie", "token=u"}}, .kind = Kind::revocation}),
      HasSubstr("a cookie is called token"));
}

TEST(OauthRequest, RefusesOtherTypesAndCodings) {
  for (const std::string_view type :
       {"", "application/json", "multipart/form-data; boundary=x", "text/plain",
        "application/x-www-form-urlencoded, application/json",
        "application/x-www-form-urlencoded; charset=utf-16",
        "application/x-www-form-urlencoded; charset=iso-8859-1",
        "application/x-www-form-urlencoded; charset=utf-7",
        "application/x-www-form-urlencoded; charset=utf-8; charset=utf-16",
        "application/x-www-form-urlencoded; charset=", "application/x-www-form-urlencoded; charset",
        "application/x-www-form-urlencoded; boundary=x"}) {
    EXPECT_NE(problem_of({.type = type}), "(none)") << type;
  }
  EXPECT_THAT(problem_of(with_field("Content-Type", "application/json")), HasSubstr("twice"));
  EXPECT_THAT(problem_of(with_field("Content_Type", "application/json")), HasSubstr("twice"));
  for (const std::string_view coding :
       {"gzip", "deflate", "br", "identity, gzip", "gzip, identity", ""}) {
    EXPECT_THAT(problem_of(with_field("Content-Encoding", coding)), HasSubstr("Content-Encoding"));
  }
  EXPECT_NE(problem_of(with_field("Content_Encoding", "gzip")), "(none)");
  EXPECT_NE(
      problem_of({.fields = {{"Content-Encoding", "identity"}, {"content-encoding", "gzip"}}}),
      "(none)");
}

TEST(OauthRequest, RefusesFormsThatReadDifferently) {
  const std::string good(kGood);
  for (const std::string& body :
       {"\xef\xbb\xbf" + good, "%EF%BB%BF" + good, good + ";x=y", "x=y;" + good, good + "\n",
        good + "\r\ngrant_type=x", good + std::string("\0", 1), good + "&=x", good + "&x=%zz",
        good + "&x=%f", good + "&%=x", good + "&x=%ff", good + "&x=%c1%9f",
        good + "&x=\xed\xa0\x80",
        std::string(R"({"a":"&grant_type=x&b=","grant_type":"refresh_token"})"),
        std::string(R"(  ["&grant_type=x&b="])"), std::string("<![CDATA[&grant_type=x&b=]]>"),
        good + "&_charset_=utf-7", good + "&_CHARSET_=utf-8", good + "&x%00=y", good + "&x%20=y",
        good + "&x%2500=y", good + "&\xc3\xa9=y",
        // Twice, by other spellings and empty ones too.
        good + "&grant_type=password", good + "&refresh_token=s", good + "&refresh_token=",
        good + "&refresh_token", good + "&client_id=d", good + "&scope=a&scope=b"}) {
    EXPECT_NE(problem_of(with_body(body)), "(none)") << body;
  }
  std::string many(kGood);
  for (int i = 0; i < 300; ++i) many += "&a=b";
  EXPECT_THAT(problem_of(with_body(many)), HasSubstr("256"));
}

TEST(OauthRequest, RefusesNamesThatSomeServerTakesForAParameter) {
  for (const char* name : {"Refresh_Token",
                           "REFRESH_TOKEN",
                           "refresh%5Ftoken",
                           "%72efresh_token",
                           "refresh%255ftoken",
                           "+refresh_token",
                           "refresh_token+",
                           "%20refresh_token",
                           "refresh_token%09",
                           "refresh_token%00",
                           "refresh_token%00x",
                           "refresh_token[]",
                           "refresh_token%5B%5D",
                           "refresh_token[0]",
                           "refresh_token[a]",
                           "[refresh_token]",
                           "x[refresh_token]",
                           "__proto__[refresh_token]",
                           "refresh.token",
                           "refresh token",
                           "refresh+token",
                           "refresh[token",
                           "refresh-token",
                           "refresh_token.x",
                           "Refresh%5Ftoken[]",
                           "refre\xc5\xbfh_token",
                           "refresh_to\xe2\x84\xaa"
                           "en",
                           "%EF%BB%BFrefresh_token",
                           "refresh_token\xe2\x80\x8b"}) {
    const std::string body = "grant_type=authorization_code&code=c&" + std::string(name) + "=r";
    EXPECT_NE(problem_of(with_body(body)), "(none)") << name;
    EXPECT_NE(problem_of(with_body(std::string(name) + "=r&" + std::string(kGood))), "(none)")
        << name;
  }
}

TEST(OauthRequest, RefusesValuesThatReadDifferently) {
  for (const char* value : {"r%00", "%00r", "r%00x", "+r", "r+", "%20r", "r%09", "r%0d%0a", "a+b",
                            "a%20b", "a%2541", "a%c3%a9", "a=b", "a==", "=a", "a%7f"}) {
    const std::string body =
        "grant_type=refresh_token&client_id=c&refresh_token=" + std::string(value);
    EXPECT_NE(problem_of(with_body(body)), "(none)") << value;
    EXPECT_NE(problem_of({.body = "token=" + std::string(value), .kind = Kind::revocation}),
              "(none)")
        << value;
  }
  for (const char* grant :
       {"Refresh_Token", "REFRESH_TOKEN", "+refresh_token", "refresh_token%00", "refresh_token+"}) {
    const std::string body = "refresh_token=r&grant_type=" + std::string(grant);
    EXPECT_NE(problem_of(with_body(body)), "(none)") << grant;
  }
  EXPECT_NE(problem_of(with_body(std::string(kGood) + "&scope=+a")), "(none)");
  EXPECT_NE(problem_of(with_body(std::string(kGood) + "&scope=a%00")), "(none)");
}

TEST(OauthRequest, NeedsWhatTheEndpointNeeds) {
  for (const char* body :
       {"", "refresh_token=r", "grant_type=&refresh_token=r", "grant_type&refresh_token=r",
        "grant_type=refresh_token", "grant_type=refresh_token&refresh_token="}) {
    EXPECT_THAT(problem_of(with_body(body)), HasSubstr("there is no")) << body;
  }
  for (const char* body : {"", "client_id=c", "token=&client_id=c"}) {
    EXPECT_THAT(problem_of({.body = body, .kind = Kind::revocation}),
                HasSubstr("there is no token"));
  }
  const auto other = read(with_body("grant_type=authorization_code&code=c&refresh_token="));
  ASSERT_TRUE(other);
  EXPECT_EQ(other->refresh_token, "");
}

std::string basic(std::string_view user) {
  return "Basic " + crypto::encode_base64(std::string(user) + ":secret");
}

TEST(OauthRequest, KnowsTheClientByEveryReading) {
  const auto clients = [](std::string_view client_id, std::string_view user) {
    const std::string authorization = basic(user);
    auto request = read({.body = "grant_type=x&client_id=" + std::string(client_id),
                         .fields = {{"Authorization", authorization}}});
    return request ? request->clients : NamedClients{};
  };
  EXPECT_THAT(clients("plaid", "plaid").named, ElementsAre("plaid"));
  EXPECT_THAT(clients("plaid", "plaid").also_read, ElementsAre());
  EXPECT_THAT(clients("a+b", "pl%61id").named, ElementsAre("a b", "plaid"));
  EXPECT_THAT(clients("a+b", "pl%61id").also_read, ElementsAre("a+b", "pl%61id"));
  EXPECT_THAT(clients("a%2562", "50%off").named, ElementsAre("a%62", "50%off"));
  EXPECT_THAT(clients("a%2562", "50%off").also_read, ElementsAre("a%2562", "ab"));
}

TEST(OauthRequest, RefusesClientsThatReadDifferently) {
  for (const std::string_view authorization :
       {"Basic cGxhaWQ", "Basic cGx!haWQ6cw==", "Basic cGxhaWQ6cw== x",
        "Basiccg==", "Basic\tcGxhaWQ6cw==", "Basic", "Basic -_-_"}) {
    EXPECT_NE(problem_of(with_field("Authorization", authorization)), "(none)") << authorization;
  }
  const std::string good = basic("c"), nul = basic(std::string_view("c\0d", 3));
  EXPECT_EQ(problem_of(with_field("Authorization", good)), "(none)");
  EXPECT_EQ(problem_of(with_field("Authorization", "DPoP x")), "(none)");
  EXPECT_NE(problem_of(with_field("Authorization", nul)), "(none)");
  EXPECT_NE(problem_of({.fields = {{"Authorization", good}, {"authorization", good}}}), "(none)");
  const std::string longest(1024, 'c');
  EXPECT_EQ(problem_of(with_body("grant_type=x&client_id=" + longest)), "(none)");
  EXPECT_THAT(problem_of(with_body("grant_type=x&client_id=" + longest + "c")), HasSubstr("1024"));
}

TEST(OauthRequest, SaysNoValueInItsProblems) {
  for (const char* body : {"grant_type=refresh_token&refresh_token=SECRET+", "SECRET;x",
                           "SECRET%zz=1", "x=SECRET%zz", "SECRET%20=1", "grant_type=SECRET%00"}) {
    EXPECT_THAT(problem_of(with_body(body)), Not(HasSubstr("SECRET")));
  }
}

TEST(QueryOption, HasNoParameterOfOauth) {
  for (const char* query : {"", "tenant=retail", "p=B2C_1_signin", "a=b&c", "a=%2F"}) {
    EXPECT_EQ(check_query_option(query), "") << query;
  }
  for (const char* query : {"client_id=x", "a=b&Client_ID=x", "a=b;scope=x", "scope[]=x",
                            "sc%6fpe=x", "?a=b", "a b", "a=#", "a=%zz", "a%00=b", "%ff=b"}) {
    EXPECT_NE(check_query_option(query), "") << query;
  }
}

TEST(Utf8, HasOneFormOfACharacter) {
  for (const std::string_view text : {"", "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8f\xa6"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
  for (const std::string_view text :
       {"\xff", "\xc0\xaf", "\xc1\x9f", "\xc3", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf0\x80\x80\xaf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\x80"}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

}  // namespace
}  // namespace sallyport::oauth
