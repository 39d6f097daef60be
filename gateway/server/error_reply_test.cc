#include "gateway/server/error_reply.h"

#include <gtest/gtest.h>

#include <array>
#include <utility>
#include <vector>

#include "gateway/json/json.h"
#include "gateway/policy/facts.h"
#include "gateway/policy/route.h"

namespace sallyport::server {
namespace {

using policy::ErrorClass;

class Replying : public ::testing::Test {
 protected:
  ErrorReply reply(std::string_view profile, ErrorClass kind, policy::Hint hint = {}) {
    for (const ErrorProfile& candidate : profiles_) {
      if (candidate.name == profile) return make_error_reply(exchange_, candidate, kind, hint);
    }
    ADD_FAILURE() << "no profile " << profile;
    return {};
  }
  static std::string field(const ErrorReply& reply, std::string_view name) {
    const http::Field* found = reply.head.fields.find(name);
    return found != nullptr ? std::string(found->value) : "";
  }

  std::vector<ErrorProfile> profiles_ = built_in_profiles();
  Arena arena_;
  policy::ConnectionFacts connection_;
  policy::Facts facts_;
  policy::Exchange exchange_{arena_, connection_, facts_, 0};
};

TEST_F(Replying, PlaidGets602ForEveryFailureOfTheToken) {
  for (const ErrorClass kind : {ErrorClass::unauthenticated, ErrorClass::invalid_token}) {
    const ErrorReply answer = reply("plaid", kind);
    EXPECT_EQ(answer.head.status, 401);
    EXPECT_EQ(answer.body, R"({"code":602,"message":"Customer not authorized."})");
  }
}

TEST_F(Replying, Fdx64SaysThatAuthenticationFailedWithAStringCode) {
  const auto body = json::parse(reply("fdx-6.4", ErrorClass::invalid_token).body);
  ASSERT_TRUE(body);
  EXPECT_EQ(body->member("code").string(), "603");
  EXPECT_EQ(reply("fdx-6.4", ErrorClass::insufficient_scope).code, "602");
}

TEST_F(Replying, OAuthRoutesGetOAuthErrors) {
  const auto body = json::parse(reply("oauth", ErrorClass::invalid_token).body);
  ASSERT_TRUE(body);
  EXPECT_EQ(body->member("error").string(), "invalid_token");
  EXPECT_TRUE(body->member("error_description").is_string());
}

TEST_F(Replying, ChallengeHasNoErrorWhenNoCredentialsWereSent) {
  EXPECT_EQ(field(reply("plaid", ErrorClass::unauthenticated), "www-authenticate"),
            "Bearer realm=\"api\"");
  EXPECT_EQ(field(reply("plaid", ErrorClass::invalid_token), "www-authenticate"),
            "Bearer realm=\"api\", error=\"invalid_token\"");
}

TEST_F(Replying, ChallengeNamesTheMissingScope) {
  const ErrorReply answer =
      reply("plaid", ErrorClass::insufficient_scope, policy::MissingScope{"Account"});
  EXPECT_EQ(answer.head.status, 403);
  EXPECT_EQ(field(answer, "www-authenticate"),
            "Bearer realm=\"api\", error=\"insufficient_scope\", scope=\"Account\"");
}

TEST_F(Replying, ChallengesForProofsInTheSchemeOfProofs) {
  const policy::DpopChallenge none{"", "ES256 PS256"};
  EXPECT_EQ(field(reply("plaid", ErrorClass::unauthenticated, none), "www-authenticate"),
            "DPoP realm=\"api\", algs=\"ES256 PS256\"");
  const policy::DpopChallenge bad{"invalid_dpop_proof", "ES256"};
  const ErrorReply answer = reply("plaid", ErrorClass::invalid_token, bad);
  EXPECT_EQ(answer.head.status, 401);
  EXPECT_EQ(field(answer, "www-authenticate"),
            "DPoP realm=\"api\", error=\"invalid_dpop_proof\", algs=\"ES256\"");
}

// At an endpoint of OAuth it is the client that is not authenticated, at a resource the token is
// missing.
TEST_F(Replying, EndpointsOfOauthChallengeClientsAndResourcesAskForTokens) {
  constexpr std::array gives = {policy::Fact::token};
  const policy::Module bearer{.name = "bearer",
                              .summary = {},
                              .shared_options = {},
                              .options = {},
                              .reasons = {},
                              .needs = {},
                              .gives = gives,
                              .load = nullptr,
                              .attach = nullptr};
  policy::Route endpoint, resource;
  resource.chain.push_back({.module = &bearer, .plan = nullptr, .options = {}});
  exchange_.request.method = http::Method::post;
  for (const ErrorClass kind : {ErrorClass::unauthenticated, ErrorClass::certificate_required}) {
    exchange_.route = &resource;
    ErrorReply answer = reply("oauth", kind);
    EXPECT_EQ(answer.head.status, 401);
    EXPECT_EQ(answer.code, "invalid_token");
    EXPECT_EQ(field(answer, "www-authenticate"), "Bearer realm=\"api\"");
    exchange_.route = &endpoint;
    answer = reply("oauth", kind);
    EXPECT_EQ(answer.head.status, 401);
    EXPECT_EQ(answer.code, "invalid_client");
    EXPECT_EQ(field(answer, "www-authenticate"), "Basic realm=\"oauth\"");
  }
  EXPECT_EQ(field(reply("oauth", ErrorClass::invalid_request), "www-authenticate"), "");
  EXPECT_EQ(field(reply("oauth", ErrorClass::invalid_grant), "www-authenticate"), "");
}

TEST_F(Replying, EndpointsOfOauthAnswerInTheSchemeThatTheClientUsed) {
  const policy::Route endpoint;
  exchange_.route = &endpoint;
  exchange_.request.method = http::Method::post;
  const std::vector<std::pair<std::string_view, std::string_view>> schemes = {
      {"Basic eDp5", "Basic"}, {"digest x", "digest"}, {"Basic", "Basic"},
      {"", "Basic"},           {"\"x\" y", "Basic"},   {"a,b c", "Basic"}};
  for (const auto& [sent, answered] : schemes) {
    exchange_.request.fields.clear();
    exchange_.request.fields.add("Authorization", sent);
    EXPECT_EQ(field(reply("oauth", ErrorClass::unauthenticated), "www-authenticate"),
              std::string(answered) + " realm=\"oauth\"");
  }
}

TEST_F(Replying, WhoGetsOrBringsATokenAsksForAResource) {
  const policy::Route userinfo;
  exchange_.route = &userinfo;
  const auto ask = [&](http::Method method, std::string_view authorization) {
    exchange_.request.method = method;
    exchange_.request.fields.clear();
    if (!authorization.empty()) exchange_.request.fields.add("Authorization", authorization);
    const ErrorReply answer = reply("oauth", ErrorClass::certificate_required);
    EXPECT_EQ(answer.code, "invalid_token");
    EXPECT_EQ(field(answer, "www-authenticate"), "Bearer realm=\"api\"");
  };
  ask(http::Method::get, "");
  ask(http::Method::get, "Basic eDp5");
  ask(http::Method::post, "Bearer x");
  ask(http::Method::post, "dpop x");
}

TEST_F(Replying, IsNeverStoredAndEchoesTheInteractionId) {
  exchange_.interaction_id = "c0ffee00-0000-4000-8000-000000000001";
  const ErrorReply answer = reply("plaid", ErrorClass::forbidden);
  EXPECT_EQ(field(answer, "cache-control"), "no-store");
  EXPECT_EQ(field(answer, "x-fapi-interaction-id"), exchange_.interaction_id);
}

TEST_F(Replying, SaysWhenToTryAgainAndWhichMethodsThereAre) {
  EXPECT_EQ(field(reply("plaid", ErrorClass::unavailable), "retry-after"), "5");
  EXPECT_EQ(field(reply("plaid", ErrorClass::rate_limited, policy::RetryAfter{Seconds(7)}),
                  "retry-after"),
            "7");
  EXPECT_EQ(
      field(reply("plaid", ErrorClass::method_not_allowed, policy::AllowedMethods{"GET"}), "allow"),
      "GET");
}

TEST_F(Replying, EveryClassOfEveryProfileIsWellFormed) {
  for (const ErrorProfile& profile : profiles_) {
    for (int i = 0; i < policy::kErrorClasses; ++i) {
      const ErrorReply answer =
          make_error_reply(exchange_, profile, static_cast<ErrorClass>(i), {});
      EXPECT_TRUE(json::parse(answer.body)) << profile.name << ": " << answer.body;
      EXPECT_GE(answer.head.status, 400);
      // RFC 9110 section 11.6.1
      EXPECT_TRUE(answer.head.status != 401 || !field(answer, "www-authenticate").empty());
    }
  }
}

TEST(ErrorProfile, NeedsARuleForEveryClassAndNumbersForIntegerCodes) {
  ErrorProfileSettings settings;
  settings.classes["invalid_token"] = {401, "not-a-number", "x"};
  settings.classes["invalid_tokne"] = {401, "602", "x"};
  config::Findings findings;
  EXPECT_FALSE(make_profile("mine", settings, {}, findings));
  std::string all;
  for (const auto& finding : findings.all()) all += finding.text() + "\n";
  EXPECT_NE(all.find("\"invalid_tokne\"; did you mean \"invalid_token\"?"), std::string::npos)
      << all;
  EXPECT_NE(all.find("no rule for the error class \"forbidden\""), std::string::npos);
  EXPECT_NE(all.find("is not a number"), std::string::npos);
}

}  // namespace
}  // namespace sallyport::server
