#pragma once

// Guard is the fixture of the tests of an endpoint of OAuth: the policy after the one of
// revocations, with stores of their own, and an authorization server that answers what a test says.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/crypto/base64.h"
#include "modules/oauth/oauth.h"
#include "modules/revocation/revocation.h"
#include "tests/support/policy_harness.h"
#include "tests/support/temp_dir.h"

namespace sallyport::oauth {

using test::Allowed;
using test::Call;
using test::DeniedWith;
using test::evidence_of;
using test::PolicyHarness;
using testing::HasSubstr;
using testing::StartsWith;

inline constexpr std::string_view kIssuer = "https://login.bank.example";

inline std::string jwt(const std::string& payload) {
  return "e30." + crypto::encode_base64url(payload) + ".c2ln";
}

class Guard : public testing::Test {
 protected:
  Guard() { begin(); }

  void begin() {
    harness.reset();
    revocations = std::make_unique<PolicyHarness>(revocation::module);
    revocations->folder(folder.path())
        .shared("store:\n  path: store")
        .needed_later({policy::Fact::revocations});
    harness = std::make_unique<PolicyHarness>(module, revocations.get());
    harness->folder(folder.path())
        .shared("authorization_servers:\n  bank:\n    issuer: " + std::string(kIssuer) +
                "\n  any: {}\ngrants:\n  path: grants\n  max_entries: 8");
  }
  void load(std::string_view kind = "token", std::string_view server = "bank") {
    ASSERT_TRUE(revocations->load("")) << revocations->errors();
    ASSERT_TRUE(harness->load("kind: " + std::string(kind) + "\nserver: " + std::string(server)))
        << harness->errors();
    harness->settle();
  }
  policy::Verdict judge(std::string_view body, std::int64_t at = 0,
                        std::string_view type = "application/x-www-form-urlencoded",
                        std::string_view authorization = "") {
    call = std::make_unique<Call>();
    call->method("POST").body(body).at(at != 0 ? at : now);
    if (!type.empty()) call->header("Content-Type", type);
    if (!authorization.empty()) call->header("Authorization", authorization);
    return harness->finish(harness->judge(*call), *call);
  }
  std::optional<policy::Verdict> answer(std::string_view body, int status = 200,
                                        std::string_view coding = "") {
    http::ResponseHead head;
    head.status = status;
    if (!coding.empty()) head.fields.add("Content-Encoding", coding);
    return harness->answer(*call, head, body);
  }
  // issue lets the server issue tokens at `at` for a code.
  void issue(
      const std::string& refresh, std::int64_t at,
      const std::string& access = jwt(R"({"iss":"https://login.bank.example","sub":"user-1",)"
                                      R"("jti":"jti-1","fdxConsentId":"consent-1"})")) {
    ASSERT_THAT(judge("grant_type=authorization_code&code=c&client_id=plaid", at), Allowed());
    ASSERT_THAT(*answer(R"({"access_token":")" + access + R"(","refresh_token":")" + refresh +
                        R"(","expires_in":900})"),
                Allowed());
  }
  static std::string refresh(const std::string& token, const std::string& client = "plaid") {
    return "grant_type=refresh_token&client_id=" + client + "&refresh_token=" + token;
  }
  std::string revoke(std::string_view members) {
    return revocations->command("revoke", "{" + std::string(members) + "}");
  }

  double metric(std::string_view name, std::string_view label = "") {
    for (const auto& metric : harness->metrics()) {
      if (metric.name == name && metric.label_value == label) return metric.value;
    }
    return -1;
  }
  double not_learned(std::string_view why) {
    return metric("revocation_answers_not_learned_total", why);
  }
  std::vector<policy::Notice> notices() {
    std::vector<policy::Notice> all;
    for (const auto& service : harness->services()) {
      for (auto& notice : service->notices()) all.push_back(std::move(notice));
    }
    return all;
  }

  test::TempDir folder;
  std::unique_ptr<PolicyHarness> revocations;  // comes before the module in the chain
  std::unique_ptr<PolicyHarness> harness;
  std::unique_ptr<Call> call;
  const std::int64_t now = wall_now().unix_seconds();
};

}  // namespace sallyport::oauth
