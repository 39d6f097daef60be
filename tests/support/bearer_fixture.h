#pragma once

// What the tests of the whole module share: an issuer with its keys in a file, and tokens that are
// good but for what a test says.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "gateway/crypto/base64.h"
#include "modules/bearer/bearer.h"
#include "modules/bearer/plan.h"
#include "tests/support/policy_harness.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_key.h"

namespace sallyport::bearer {

using crypto::SignatureAlgorithm;
using test::Allowed;
using test::Call;
using test::DeniedWith;
using test::evidence_of;
using test::KeyKind;
using test::kNow;
using test::sign_jwt;
using test::TestKey;
using testing::HasSubstr;

// Members maps a name to the JSON text of its value; an empty text leaves the member out.
using Members = std::map<std::string, std::string>;

inline std::string object_of(Members members, const Members& changes) {
  for (const auto& [name, value] : changes) members[name] = value;
  std::string text = "{";
  for (const auto& [name, value] : members) {
    if (value.empty()) continue;
    text += (text.size() > 1 ? ",\"" : "\"") + name + "\":" + value;
  }
  return text + "}";
}

inline std::string header(const Members& changes = {}) {
  return object_of({{"alg", "\"ES256\""}, {"typ", "\"at+jwt\""}, {"kid", "\"k1\""}}, changes);
}

inline std::string claims(const Members& changes = {}) {
  return object_of({{"iss", "\"https://as.example\""},
                    {"sub", "\"user-1\""},
                    {"client_id", "\"plaid\""},
                    {"jti", "\"token-1\""},
                    {"aud", "\"https://api.bank.example\""},
                    {"iat", std::to_string(kNow - 100)},
                    {"exp", std::to_string(kNow + 800)}},
                   changes);
}

inline std::string seconds(std::int64_t from_now) { return std::to_string(kNow + from_now); }

inline const TestKey& key() {
  static const TestKey made = TestKey::make(KeyKind::p256);
  return made;
}

inline const TestKey& rsa_key() {
  static const TestKey made = TestKey::make(KeyKind::rsa2048);
  return made;
}

inline constexpr std::string_view kShared = R"(issuers:
  as:
    issuer: https://as.example
    jwks: {file: jwks.json}
    algorithms: [ES256, RS256]
)";
inline constexpr std::string_view kEntry = "audience: [https://api.bank.example]";

class Bearer : public testing::Test {
 protected:
  Bearer() {
    publish({key().jwk("k1", "ES256"), rsa_key().jwk("r1", "RS256")});
    harness_.folder(dir_.path()).shared(kShared);
  }

  void SetUp() override { load(); }

  void publish(std::initializer_list<std::string> keys) {
    dir_.write("jwks.json", test::jwks(keys));
  }
  void load(std::string_view entry = kEntry) {
    ASSERT_TRUE(harness_.load(entry)) << harness_.errors();
  }
  void load_shared(std::string_view shared, std::string_view entry = kEntry) {
    harness_.shared(shared);
    load(entry);
  }

  policy::Verdict present(std::string_view token) {
    Call call;
    call.header("Authorization", "Bearer " + std::string(token));
    return judge(call);
  }
  policy::Verdict present_claims(const Members& changes) { return present(signed_with(changes)); }
  // judge keeps the evidence, which dies with the call.
  policy::Verdict judge(Call& call) {
    auto verdict = harness_.judge(call);
    evidence_ = evidence_of(verdict);
    if (auto* deny = std::get_if<policy::Deny>(&verdict)) deny->evidence = {evidence_};
    return verdict;
  }

  static std::string signed_with(const Members& claim_changes, const Members& header_changes = {}) {
    return sign_jwt(key(), SignatureAlgorithm::es256, header(header_changes),
                    claims(claim_changes));
  }
  double metric(std::string_view name) const {
    for (const policy::Metric& each : harness_.metrics()) {
      if (each.name == name) return each.value;
    }
    ADD_FAILURE() << "no metric " << name;
    return 0;
  }

  test::TempDir dir_;
  test::PolicyHarness harness_{module};
  std::string evidence_;
};

}  // namespace sallyport::bearer
