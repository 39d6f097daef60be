#include "modules/revocation/revocation.h"

#include "gateway/base/text.h"
#include "gateway/crypto/certificate.h"
#include "gateway/crypto/certificate_twin.h"
#include "gateway/policy/opaque_token.h"
#include "tests/support/policy_harness.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_ca.h"

namespace sallyport::revocation {
namespace {

using test::Allowed;
using test::Call;
using test::DeniedWith;
using test::evidence_of;
using test::PolicyHarness;
using testing::HasSubstr;
using testing::StartsWith;

const bool kCovered = test::require_every_reason(module);

class Revocation : public testing::Test {
 protected:
  Revocation() { begin(); }

  void begin() {
    harness = std::make_unique<PolicyHarness>(module);
    harness->folder(folder.path()).shared("store:\n  path: store");
  }
  void load() { ASSERT_TRUE(harness->load("")) << harness->errors(); }

  policy::Verdict judge(std::string_view issuer = "https://login.bank.example") {
    const std::int64_t now = wall_now().unix_seconds();
    policy::TokenClaims claims;
    claims.issuer = issuer;
    claims.subject = "user-1";
    claims.client_id = "plaid";
    claims.token_id = "token-1";
    claims.key_id = "key-1";
    claims.consent_id = "consent-1";
    claims.issued_at = now - 100;
    call.at(now).token(std::move(claims));
    return harness->judge(call);
  }
  // revoke orders a revocation for a day; members are added to the order.
  std::string revoke(std::string_view members) {
    return harness->command("revoke", "{" + std::string(members) + "}");
  }

  test::TempDir folder;
  std::unique_ptr<PolicyHarness> harness;
  Call call;
};

TEST_F(Revocation, AllowsWhatNobodyRevoked) {
  load();
  EXPECT_THAT(judge(), Allowed());
}

TEST_F(Revocation, RefusesEveryUnitWithItsOwnReason) {
  const std::pair<const char*, const char*> units[] = {
      {R"("unit":"jti","value":"token-1")", "revocation.token"},
      {R"("unit":"subject","value":"user-1")", "revocation.subject"},
      {R"("unit":"client","value":"plaid")", "revocation.client"},
      {R"("unit":"consent","value":"consent-1")", "revocation.consent"},
      {R"("unit":"kid","value":"key-1")", "revocation.key"},
  };
  load();
  for (const auto& [members, reason] : units) {
    EXPECT_THAT(revoke(members), StartsWith("200 ")) << reason;
    EXPECT_THAT(judge(), DeniedWith(reason));
    EXPECT_THAT(harness->command("reinstate", "{" + std::string(members) + "}"),
                StartsWith("200 "));
    EXPECT_THAT(judge(), Allowed()) << reason;
  }
}

TEST_F(Revocation, RefusesATokenWithANameThatNoOrderCouldRevoke) {
  load();
  using Member = std::string policy::TokenClaims::*;
  const std::pair<Member, const char*> members[] = {
      {&policy::TokenClaims::subject, "sub"},
      {&policy::TokenClaims::client_id, "client_id"},
      {&policy::TokenClaims::consent_id, "consent_id"},
      {&policy::TokenClaims::token_id, "jti"},
      {&policy::TokenClaims::key_id, "kid"}};
  for (const auto& [member, claim] : members) {
    for (const std::size_t size : {1024U, 1025U}) {
      policy::TokenClaims claims;
      claims.*member = std::string(size, 'x');
      Call longer;
      longer.at(wall_now().unix_seconds()).token(std::move(claims));
      const auto verdict = harness->judge(longer);
      if (size == 1024) {
        EXPECT_THAT(verdict, Allowed()) << claim;
      } else {
        EXPECT_THAT(verdict, DeniedWith("revocation.name"));
        EXPECT_EQ(evidence_of(verdict), std::string(claim) + " has 1025 bytes");
      }
    }
  }
}

TEST_F(Revocation, RefusesACertificateWhateverItsTokenSays) {
  load();
  crypto::CertificateView view;
  view.sha256.fill(0xab);
  call.certificate(view);
  std::string fingerprint;
  for (int i = 0; i < 32; ++i) fingerprint += "ab";
  EXPECT_THAT(judge(), Allowed());
  EXPECT_THAT(revoke(R"("unit":"cert","value":")" + fingerprint + '"'), StartsWith("200 "));
  EXPECT_THAT(judge(), DeniedWith("revocation.certificate"));
  EXPECT_THAT(judge("https://other.example"), DeniedWith("revocation.certificate"));
  EXPECT_EQ(evidence_of(judge()), "certificate=" + fingerprint);
  view.sha256.fill(0xba);
  call.certificate(view);
  EXPECT_THAT(judge(), Allowed());
}

// A holder can change the octets of an ECDSA signature; see gateway/tls/denied_encoding_test.cc.
TEST_F(Revocation, KnowsACertificateByEveryNameOfItsPath) {
  load();
  const test::TestCa root("Root");
  const test::TestCa between = root.intermediate("Between");
  const std::string leaf = between.issue({}).der, twin = *crypto::certificate_twin(leaf);
  const auto view = *crypto::view_certificate(twin), ca = *crypto::view_certificate(between.der());
  crypto::Voucher voucher;
  voucher.trust_store = "clients";
  voucher.issuers = {{ca.sha256, ca.spki_sha256, ca.der}, {{}, {}, ""}};
  call.certificate(view, voucher);
  EXPECT_THAT(judge(), Allowed());
  for (const auto& digest : {crypto::sha256(leaf), view.sha256, view.spki_sha256, ca.sha256,
                             *crypto::twin_digest(ca.der), ca.spki_sha256}) {
    const std::string name = to_hex(crypto::as_text(digest));
    revoke(R"("unit":"cert","value":")" + name + '"');
    EXPECT_THAT(judge(), DeniedWith("revocation.certificate"));
    EXPECT_EQ(evidence_of(judge()), "certificate=" + name);
    harness->command("reinstate", R"({"unit":"cert","value":")" + name + R"("})");
    EXPECT_THAT(judge(), Allowed());
  }
}

TEST_F(Revocation, JudgesTheCertificateWhereThereIsNoToken) {
  load();
  EXPECT_THAT(harness->judge(call.at(wall_now().unix_seconds())), Allowed());
  crypto::CertificateView view;
  call.certificate(view);
  revoke(R"("unit":"cert","value":")" + std::string(64, '0') + '"');
  EXPECT_THAT(harness->judge(call), DeniedWith("revocation.certificate"));
}

TEST_F(Revocation, KnowsAnOpaqueTokenByWhatStandsForItsBytes) {
  load();
  const std::string id = policy::opaque_token_id("some opaque token");
  revoke(R"("unit":"jti","value":")" + id + '"');
  policy::TokenClaims claims;
  claims.issuer = "https://login.bank.example";
  claims.opaque_id = id;
  call.at(wall_now().unix_seconds());
  EXPECT_THAT(harness->judge(call.token(claims)), DeniedWith("revocation.token"));
  EXPECT_EQ(evidence_of(harness->judge(call)), "token=" + id);
  claims.opaque_id = policy::opaque_token_id("another");
  EXPECT_THAT(harness->judge(call.token(claims)), Allowed());
}

TEST_F(Revocation, SaysInTheEvidenceWhatWasRevoked) {
  load();
  revoke(R"("unit":"jti","value":"token-1")");
  EXPECT_EQ(evidence_of(judge()), "jti=token-1");
  revoke(R"("unit":"subject","value":"user-1","cutoff":2000000000)");
  EXPECT_THAT(evidence_of(judge()), HasSubstr("cutoff=2000000000 sub=user-1"));
}

TEST_F(Revocation, SparesTokensIssuedAfterTheCutoff) {
  load();
  const std::int64_t issued_at = wall_now().unix_seconds() - 100;
  revoke(R"("unit":"client","value":"plaid","cutoff":)" + std::to_string(issued_at - 50));
  EXPECT_THAT(judge(), Allowed());
  revoke(R"("unit":"client","value":"plaid","cutoff":)" + std::to_string(issued_at + 50));
  EXPECT_THAT(judge(), DeniedWith("revocation.client"));
}

TEST_F(Revocation, HoldsForTheNamedIssuerOnly) {
  load();
  revoke(R"("unit":"jti","value":"token-1","issuer":"https://other.example")");
  EXPECT_THAT(judge(), Allowed());
  EXPECT_THAT(judge("https://other.example"), DeniedWith("revocation.token"));
}

TEST_F(Revocation, SurvivesARestart) {
  load();
  revoke(R"("unit":"jti","value":"token-1")");
  harness.reset();
  begin();
  load();
  EXPECT_THAT(judge(), DeniedWith("revocation.token"));
}

TEST_F(Revocation, RefusesEverybodyWhileTheStoreIsInOtherHands) {
  load();
  PolicyHarness second(module);
  second.folder(folder.path()).shared("store:\n  path: store");
  ASSERT_TRUE(second.load("")) << second.errors();
  call.token({});
  EXPECT_THAT(second.judge(call), DeniedWith("revocation.unavailable"));
  ASSERT_EQ(second.services().empty(), false);
  EXPECT_THAT(second.services().front()->not_ready().value_or(""),
              HasSubstr("open in another process"));
}

TEST_F(Revocation, KeepsItsStoreOpenAcrossAReloadWithOtherTerms) {
  load();
  revoke(R"("unit":"jti","value":"token-1")");
  harness->shared("store:\n  path: store\nkeep: 1h\nmax_entries: 5");
  load();
  EXPECT_THAT(judge(), DeniedWith("revocation.token"));
  EXPECT_THAT(revoke(R"("unit":"jti","value":"token-2")"), StartsWith("200 "));
}

TEST_F(Revocation, NeedsAStore) {
  PolicyHarness bare(module);
  EXPECT_FALSE(bare.load(""));
  EXPECT_THAT(bare.errors(), HasSubstr("modules.revocation.store.path"));
  bare.shared("keep: 1h");
  EXPECT_FALSE(bare.load(""));
  EXPECT_THAT(bare.errors(), HasSubstr("store"));
}

TEST_F(Revocation, RefusesOptionsThatItDoesNotKnow) {
  EXPECT_FALSE(harness->load("units: [jti]"));
  EXPECT_THAT(harness->errors(), HasSubstr("units"));
}

}  // namespace
}  // namespace sallyport::revocation
