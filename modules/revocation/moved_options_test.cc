#include "modules/revocation/moved_options.h"

#include "modules/revocation/revocation.h"
#include "tests/support/policy_harness.h"
#include "tests/support/temp_dir.h"

namespace sallyport::revocation {
namespace {

using testing::HasSubstr;
using testing::Not;

class Moved : public testing::Test {
 protected:
  Moved() { harness.folder(folder.path()).shared("store:\n  path: store"); }
  std::string told(std::string_view entry) {
    EXPECT_FALSE(harness.load(entry));
    return harness.errors();
  }
  test::TempDir folder;
  test::PolicyHarness harness{module};
};

TEST_F(Moved, TellsTheLinesToWriteInstead) {
  const std::string text = told(
      "on_stale: deny\nendpoint: revocation\nissuer: https://login.bank.example\nquery: tenant=a");
  EXPECT_THAT(text, HasSubstr("test.yaml:4:15: error: policies.revocation.endpoint: "));
  EXPECT_THAT(text, HasSubstr("`revocation: { on_stale: deny }` and `oauth: { kind: revocation, "
                              "server: bank, query: \"tenant=a\" }` here, and once `modules: { "
                              "oauth: { authorization_servers: { bank: { issuer: "
                              "\"https://login.bank.example\" } } } }`"));
}

TEST_F(Moved, NamesTheServerAsItsIssuerIsNamed) {
  harness.issuer({.name = "retail", .issuer = "https://login.bank.example"});
  const std::string text = told("endpoint: token\nissuer: https://login.bank.example");
  EXPECT_THAT(text, HasSubstr("`revocation: {}` and "));
  EXPECT_THAT(text, HasSubstr("server: retail }"));
  EXPECT_THAT(text, HasSubstr("authorization_servers: { retail: { issuer: "));
}

TEST_F(Moved, WritesAServerWithoutIssuer) {
  EXPECT_THAT(told("endpoint: token"), HasSubstr("authorization_servers: { bank: {} }"));
}

TEST_F(Moved, SaysWhatHasNoEffectAnyMore) {
  for (const char* entry : {"endpoint: none", "issuer: x", "query: a=b"}) {
    EXPECT_THAT(told(entry), HasSubstr("remove it")) << entry;
  }
}

TEST_F(Moved, TakesTheStoreOfGrantsAsItIs) {
  harness.shared(
      "store:\n  path: store\ngrants:\n  path: /var/lib/grants\n  keep: 90d\nclock_trial: 5m");
  const std::string text = told("");
  EXPECT_THAT(text, HasSubstr("error: modules.revocation.grants: "));
  EXPECT_THAT(text, HasSubstr("`modules: { oauth: { grants: { path: /var/lib/grants, keep: 90d, "
                              "clock_trial: 5m } } }`"));
}

}  // namespace
}  // namespace sallyport::revocation
