#include "modules/bearer/introspection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/clients/fetch_test_server.h"
#include "gateway/config/option.h"
#include "gateway/policy/token_authority.h"
#include "tests/support/bearer_fixture.h"

namespace sallyport::bearer {
namespace {

using test::Waiting;

constexpr std::string_view kToken = "opaque-token";

std::string answer_of(const Members& changes = {}) {
  return object_of({{"active", "true"},
                    {"iss", "\"https://as.example\""},
                    {"client_id", "\"plaid\""},
                    {"sub", "\"user-1\""},
                    {"scope", "\"Account Customer\""},
                    {"aud", "\"https://api.bank.example\""},
                    {"iat", seconds(-100)},
                    {"exp", seconds(800)}},
                   changes);
}

std::string http(const std::string& body, std::string_view status = "200 OK") {
  return "HTTP/1.1 " + std::string(status) + "\r\nContent-Type: application/json\r\n" +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class Introspection : public Bearer {
 protected:
  void SetUp() override { load_with(""); }

  // load_with adds lines to the issuer's introspection.
  void load_with(const std::string& options, std::string_view entry = kEntry) {
    dir_.write("secret", "s3cr:t/+\n");
    load_shared(
        std::string(kShared) + "    introspection:\n      url: " + server_.url("/introspect") +
            "\n      client_id: \"gate way\"\n" + "      client_secret: file:secret\n" + options,
        entry);
  }
  policy::Verdict ask(
      std::string_view token = kToken, std::int64_t at = kNow,
      const std::function<void(Call&)>& prepare = [](Call&) {}) {
    Call call;
    call.header("Authorization", "bearer " + std::string(token)).at(at);
    prepare(call);
    auto verdict = harness_.finish(harness_.judge(call), call);
    forwarded_ = call.field("authorization");
    evidence_ = evidence_of(verdict);
    if (auto* deny = std::get_if<policy::Deny>(&verdict)) deny->evidence = {evidence_};
    if (call.exchange().facts.token) found_ = call.exchange().facts.token->claims();
    return verdict;
  }

  std::string answer_ = http(answer_of());
  std::vector<std::string> asked_;
  clients::TestServer server_{harness_.loop(), [this](const std::string& request) {
                                asked_.push_back(request);
                                return answer_;
                              }};
  policy::TokenClaims found_;
  std::string forwarded_;
};

TEST_F(Introspection, AsksTheIssuerAboutAnOpaqueToken) {
  ASSERT_THAT(ask(), Allowed());
  EXPECT_EQ(found_.client_id, "plaid");
  EXPECT_THAT(found_.scopes, testing::ElementsAre("Account", "Customer"));
  EXPECT_EQ(forwarded_, "Bearer opaque-token");
  ASSERT_EQ(asked_.size(), 1U);
  EXPECT_THAT(asked_.front(), testing::StartsWith("POST /introspect HTTP/1.1"));
  // "gate%20way:s3cr%3At%2F%2B": encoded as in a form before it becomes Basic.
  EXPECT_THAT(asked_.front(), HasSubstr("Authorization: Basic " +
                                        crypto::encode_base64("gate%20way:s3cr%3At%2F%2B")));
}

TEST(IntrospectionRequest, ProvesWhoWeAre) {
  IntrospectionSettings settings;
  settings.client_id = "id";
  settings.client_secret = config::Secret("a&b");
  const auto url = *clients::Url::parse("https://as.example/i");
  EXPECT_EQ(introspection_request(settings, url, "x+y").body,
            "token=x%2By&token_type_hint=access_token");
  settings.auth = ClientAuth::post;
  EXPECT_EQ(introspection_request(settings, url, "x").body,
            "token=x&token_type_hint=access_token&client_id=id&client_secret=a%26b");
  settings.auth = ClientAuth::mtls;
  settings.client_secret.reset();
  const auto request = introspection_request(settings, url, "x");
  EXPECT_EQ(request.body, "token=x&token_type_hint=access_token&client_id=id");
  for (const auto& [name, value] : request.fields) EXPECT_NE(name, "Authorization");
}

TEST_F(Introspection, TellsItsChecks) {
  const auto told = [&](std::int64_t at) {
    Call call;
    call.header("Authorization", "Bearer " + std::string(kToken)).at(at);
    const auto verdict = harness_.finish(harness_.judge(call), call);
    return test::checks_of(module, call, verdict);
  };
  constexpr std::string_view kGood = "times+ age+ audience+ binding+";
  constexpr std::string_view kRest = "times. age. audience. binding.";
  EXPECT_EQ(told(kNow), "credential+ issuer+ introspection+ claims+ " + std::string(kGood));
  EXPECT_EQ(told(kNow), "credential+ remembered+ issuer+ " + std::string(kGood));
  answer_ = http(answer_of({{"client_id", ""}}));
  EXPECT_EQ(told(kNow + 100), "credential+ issuer+ introspection+ claims- " + std::string(kRest));
  answer_ = http("no JSON");
  EXPECT_EQ(told(kNow + 200), "credential+ issuer+ introspection- claims. " + std::string(kRest));
  answer_ = http(R"({"active":false})");
  EXPECT_EQ(told(kNow + 300), "credential+ issuer+ introspection- claims. " + std::string(kRest));
  EXPECT_EQ(told(kNow + 301),
            "credential+ remembered+ issuer+ introspection- " + std::string(kRest));
}

TEST_F(Introspection, RemembersAnswersForAWhile) {
  load_with("      max_ttl: 60s\n");
  EXPECT_THAT(ask(), Allowed());
  EXPECT_THAT(ask(kToken, kNow + 59), Allowed());
  EXPECT_EQ(asked_.size(), 1U);
  EXPECT_THAT(ask(kToken, kNow + 60), Allowed());
  EXPECT_EQ(asked_.size(), 2U);
  EXPECT_EQ(metric("bearer_introspections_total"), 2);
}

// What a policy behind the bearer may ask: what was remembered does not answer it.
TEST_F(Introspection, IsAskedAgainThroughTheFact) {
  const auto ask_again = [this] {
    Call call;
    call.header("Authorization", "Bearer " + std::string(kToken)).at(kNow);
    EXPECT_THAT(harness_.finish(harness_.judge(call), call), Allowed());
    const policy::VerifiedToken& token = *call.exchange().facts.token;
    std::string told;
    auto verdict = token.authority()->ask(
        call.exchange(), token.presented(), [&](policy::Exchange&, Result<bool> active) {
          told = active ? (*active ? "active" : "inactive") : active.error().text;
          return policy::allow();
        });
    EXPECT_THAT(harness_.finish(std::move(verdict), call), Allowed());
    return told;
  };
  EXPECT_EQ(ask_again(), "active");
  EXPECT_EQ(asked_.size(), 2U);
  answer_ = http(R"({"active":false})");
  EXPECT_EQ(ask_again(), "inactive");
  answer_ = http("{}");
  EXPECT_THAT(ask_again(), HasSubstr("active is missing"));
  answer_ = http("{}", "500 Oops");
  EXPECT_THAT(ask_again(), HasSubstr("500"));
}

TEST_F(Introspection, NeverRemembersBeyondTheExpiry) {
  answer_ = http(answer_of({{"exp", seconds(5)}}));
  EXPECT_THAT(ask(), Allowed());
  answer_ = http(R"({"active":false})");
  EXPECT_THAT(ask(kToken, kNow + 4), Allowed());
  EXPECT_THAT(ask(kToken, kNow + 5), DeniedWith("bearer.inactive"));
}

TEST_F(Introspection, RemembersRefusalsForAShorterWhile) {
  answer_ = http(R"({"active":false})");
  EXPECT_THAT(ask(), DeniedWith("bearer.inactive"));
  answer_ = http(answer_of());
  EXPECT_THAT(ask(kToken, kNow + 4), DeniedWith("bearer.inactive"));
  EXPECT_EQ(asked_.size(), 1U);
  EXPECT_THAT(ask(kToken, kNow + 5), Allowed());
}

TEST_F(Introspection, AsksOnceForManyThatCome) {
  std::vector<std::unique_ptr<Call>> calls;
  std::vector<std::unique_ptr<policy::Pending>> pending;
  int allowed = 0;
  for (int i = 0; i < 50; ++i) {
    calls.push_back(std::make_unique<Call>());
    calls.back()->header("Authorization", "Bearer " + std::string(kToken));
    auto verdict = harness_.judge(*calls.back());
    ASSERT_THAT(verdict, Waiting());
    pending.push_back(std::get<policy::Wait>(verdict).take());
    pending.back()->start(
        [&](const policy::Verdict& then) {
          if (std::holds_alternative<policy::Allow>(then)) ++allowed;
        },
        calls.back()->exchange());
  }
  pending.front().reset();  // the one that asked goes away; the others still hear
  for (int turns = 0; turns < 1000 && allowed < 49; ++turns) harness_.loop().run_once();
  EXPECT_EQ(allowed, 49);
  EXPECT_EQ(asked_.size(), 1U);
}

TEST_F(Introspection, MakesTheSameChecksAfterwards) {
  answer_ = http(answer_of({{"aud", "\"https://other.example\""}}));
  EXPECT_THAT(ask("a"), DeniedWith("bearer.audience"));
  answer_ = http(answer_of({{"exp", seconds(-10)}}));
  EXPECT_THAT(ask("b"), DeniedWith("bearer.expired"));
  answer_ = http(answer_of({{"iat", seconds(-901)}}));
  EXPECT_THAT(ask("c"), DeniedWith("bearer.too_old"));
  answer_ = http(answer_of({{"cnf", R"({"x5t#S256":")" + std::string(43, 'A') + "\"}"}}));
  EXPECT_THAT(ask("d"), DeniedWith("bearer.bound_elsewhere"));
  answer_ = http(answer_of({{"cnf", R"({"jkt":")" + std::string(43, 'A') + "\"}"}}));
  EXPECT_THAT(ask("e"), DeniedWith("bearer.dpop_as_bearer"));
}

// Without `iat`, a token is as old as we have known it, however often it is asked about.
TEST_F(Introspection, LimitsTheAgeFromWhenItWasFirstSeen) {
  answer_ = http(answer_of({{"iat", ""}, {"exp", ""}}));
  EXPECT_THAT(ask(kToken, kNow), Allowed());
  EXPECT_THAT(ask(kToken, kNow + 500), Allowed());
  EXPECT_THAT(ask(kToken, kNow + 900), Allowed());
  EXPECT_THAT(ask(kToken, kNow + 901), DeniedWith("bearer.too_old"));
  EXPECT_THAT(ask(kToken, kNow + 2000), DeniedWith("bearer.too_old"));
}

// When it was issued stays unknown, which is before every cut-off of a revocation.
TEST_F(Introspection, DoesNotTakeFirstSightForTheTimeOfIssue) {
  answer_ = http(answer_of({{"iat", ""}}));
  ASSERT_THAT(ask(), Allowed());
  EXPECT_EQ(found_.issued_at, 0);
  EXPECT_EQ(found_.first_seen_at, kNow);
  answer_ = http(answer_of());
  ASSERT_THAT(ask("another"), Allowed());
  EXPECT_EQ(found_.issued_at, kNow - 100);
  EXPECT_EQ(found_.first_seen_at, 0);
}

// What was told and seen by a clock that was ahead is not worth more when it is set back.
TEST_F(Introspection, GivesNoMoreTimeWhenTheClockIsSetBack) {
  answer_ = http(answer_of({{"exp", ""}}));
  EXPECT_THAT(ask("a", kNow + 80), Allowed());
  answer_ = http(R"({"active":false})");
  EXPECT_THAT(ask("a", kNow), DeniedWith("bearer.inactive"));
  answer_ = http(answer_of({{"iat", ""}, {"exp", ""}}));
  EXPECT_THAT(ask("b", kNow + 86'400), Allowed());
  EXPECT_THAT(ask("b", kNow), DeniedWith("bearer.too_old"));
}

TEST_F(Introspection, FailsClosed) {
  for (const std::string& bad :
       {http("", "500 Down"), http("", "401 Who"), http("<html>"), http("[]"), http("{}"),
        http(R"({"active":"true"})"), http(R"({"active":1})"), std::string("garbage\r\n\r\n")}) {
    answer_ = bad;
    EXPECT_THAT(ask(), DeniedWith("bearer.introspection_failed")) << bad;
  }
  EXPECT_EQ(metric("bearer_introspection_failures_total"), 8);
  answer_ = http(answer_of());
  EXPECT_THAT(ask(), Allowed()) << "a failure is not remembered";
}

// A refresh token is active, too: what it lacks is what makes an access token one for us.
TEST_F(Introspection, RefusesActiveTokensThatAreNoneForUs) {
  answer_ = http(answer_of({{"aud", ""}}));
  EXPECT_THAT(ask("a"), DeniedWith("bearer.claim_missing"));
  EXPECT_EQ(evidence_, "claim=aud");
  answer_ = http(answer_of({{"client_id", ""}}));
  EXPECT_THAT(ask("b"), DeniedWith("bearer.claim_missing"));
  answer_ = http(answer_of({{"exp", "\"soon\""}}));
  EXPECT_THAT(ask("c"), DeniedWith("bearer.claim_malformed"));
  answer_ = http(answer_of({{"expires_in", "\"soon\""}, {"exp", ""}}));
  EXPECT_THAT(ask("d"), DeniedWith("bearer.claim_malformed"));
}

// What a JWT would be refused for is no failure of the issuer, which a chain may tolerate.
TEST_F(Introspection, JudgesIssuerAndBindingLikeAJwts) {
  answer_ = http(answer_of({{"iss", "\"https://other.example\""}}));
  EXPECT_THAT(ask("a"), DeniedWith("bearer.unknown_issuer"));
  answer_ = http(answer_of({{"iss", "\"https://as.example/\""}}));
  EXPECT_THAT(ask("b"), DeniedWith("bearer.unknown_issuer"));
  answer_ = http(answer_of({{"iss", "7"}}));
  EXPECT_THAT(ask("c"), DeniedWith("bearer.unknown_issuer"));
  answer_ = http(answer_of({{"cnf", "{}"}}));
  EXPECT_THAT(ask("d"), DeniedWith("bearer.bound_elsewhere"));
  EXPECT_EQ(metric("bearer_introspection_failures_total"), 0);
  answer_ = http(answer_of({{"iss", ""}}));
  EXPECT_THAT(ask("e"), Allowed());
}

TEST_F(Introspection, NeverRemembersWhatHasEndedAsGood) {
  for (const Members& ended :
       {Members{{"exp", "0"}}, Members{{"exp", seconds(-20)}},
        Members{{"exp", seconds(-20) + ".9"}}, Members{{"exp", ""}, {"expires_in", "-20"}},
        Members{{"exp", "1.0"}}}) {
    const std::size_t before = asked_.size();
    answer_ = http(answer_of(ended));
    EXPECT_THAT(ask("x"), DeniedWith("bearer.expired")) << answer_;
    EXPECT_THAT(ask("x"), DeniedWith("bearer.expired")) << answer_;
    EXPECT_EQ(asked_.size(), before + 2) << answer_;
  }
  // Within the leeway it is good, and asked about every time.
  answer_ = http(answer_of({{"exp", ""}, {"expires_in", "0"}}));
  EXPECT_THAT(ask("y"), Allowed());
  answer_ = http(R"({"active":false})");
  EXPECT_THAT(ask("y"), DeniedWith("bearer.inactive"));
}

TEST_F(Introspection, ReadsTimesThatAreNoIntegers) {
  answer_ = http(answer_of({{"iat", seconds(-100) + ".5"}, {"exp", "1.9e9"}}));
  EXPECT_THAT(ask(), Allowed());
  EXPECT_EQ(found_.issued_at, kNow - 100);
  EXPECT_EQ(found_.expires_at, 1'900'000'000);
}

TEST_F(Introspection, CanDoWithoutAnAudienceWhenToldTo) {
  load_with("      audience: optional\n");
  answer_ = http(answer_of({{"aud", ""}}));
  EXPECT_THAT(ask("a"), Allowed());
  EXPECT_THAT(ask("a"), Allowed()) << "remembered";
  EXPECT_EQ(asked_.size(), 1U);
  answer_ = http(answer_of({{"aud", "\"https://other.example\""}}));
  EXPECT_THAT(ask("b"), DeniedWith("bearer.audience"));
  answer_ = http(answer_of({{"aud", "[]"}}));
  EXPECT_THAT(ask("c"), DeniedWith("bearer.claim_missing"));
  answer_ = http(answer_of({{"aud", "null"}}));
  EXPECT_THAT(ask("d"), DeniedWith("bearer.claim_malformed"));
  EXPECT_THAT(present_claims({{"aud", ""}}), DeniedWith("bearer.claim_missing")) << "of a JWT";
}

TEST_F(Introspection, IsAllThatAnIssuerOfOpaqueTokensNeeds) {
  dir_.write("secret", "s");
  load_shared("issuers:\n  as:\n    issuer: https://as.example\n    introspection:\n      url: " +
              server_.url("/introspect") +
              "\n      client_id: gw\n      client_secret: file:secret\n");
  EXPECT_THAT(ask(), Allowed());
  EXPECT_THAT(present(signed_with({})), DeniedWith("bearer.opaque_only"));
  EXPECT_EQ(asked_.size(), 1U);
}

TEST_F(Introspection, LimitsHowManyWait) {
  answer_ = "";  // the server never answers
  std::vector<std::unique_ptr<Call>> calls;
  std::vector<std::unique_ptr<policy::Pending>> pending;
  for (std::size_t i = 0; i <= Introspector::kMaxFlights; ++i) {
    calls.push_back(std::make_unique<Call>());
    calls.back()->header("Authorization", "Bearer t" + std::to_string(i));
    auto verdict = harness_.judge(*calls.back());
    if (i == Introspector::kMaxFlights) {
      EXPECT_THAT(verdict, DeniedWith("bearer.introspection_busy"));
    } else {
      ASSERT_THAT(verdict, Waiting()) << i;
      pending.push_back(std::get<policy::Wait>(verdict).take());
    }
  }
}

TEST_F(Introspection, KeepsTheConnection) {
  for (int i = 0; i < 5; ++i) EXPECT_THAT(ask("t" + std::to_string(i)), Allowed());
  EXPECT_EQ(asked_.size(), 5U);
  EXPECT_EQ(server_.connections(), 1);
}

TEST_F(Introspection, LeavesJwtsToTheirSignatures) {
  EXPECT_THAT(present(signed_with({})), Allowed());
  EXPECT_THAT(present("a.b.c"), DeniedWith("bearer.part_encoding"));
  EXPECT_TRUE(asked_.empty());
}

TEST_F(Introspection, IsCheckedWhenItIsLoaded) {
  const auto errors = [&](const std::string& lines) {
    harness_.shared(std::string(kShared) + "    introspection:\n" + lines);
    EXPECT_FALSE(harness_.load(kEntry));
    return harness_.errors();
  };
  const std::string id = "      client_id: x\n      url: ";
  EXPECT_THAT(errors(id + "http://as.example/\n      client_secret: file:secret\n"),
              HasSubstr("loopback"));
  EXPECT_THAT(errors(id + "http://127.0.0.1/\n"), HasSubstr("client_secret"));
  EXPECT_THAT(errors(id + "http://127.0.0.1/\n      auth: tls_client_auth\n"),
              HasSubstr("go together"));
  EXPECT_THAT(errors(id + "http://127.0.0.1/\n      client_secret: s3cret\n"),
              HasSubstr("does not belong in this file"));
}

}  // namespace
}  // namespace sallyport::bearer
