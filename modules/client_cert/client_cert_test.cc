#include "modules/client_cert/client_cert.h"

#include "tests/support/policy_harness.h"

namespace sallyport::client_cert {
namespace {

using test::Allowed;
using test::Call;
using test::DeniedWith;
using test::evidence_of;
using test::kNow;
using test::PolicyHarness;
using testing::HasSubstr;

const bool kCovered = test::require_every_reason(module);

constexpr const char* kPlaid =
    "trust_store: plaid\nidentity: plaid-core\ncommon_name: [\"plaid-mtls-<shortname>.plaid.com\"]";

crypto::CertificateView certificate(std::string common_name,
                                    std::vector<std::string> dns_names = {}) {
  crypto::CertificateView view;
  view.common_name = std::move(common_name);
  view.dns_names = std::move(dns_names);
  view.serial = "0a1b";
  view.not_before = kNow - 1000;
  view.not_after = kNow + 1000;
  return view;
}

class ClientCert : public testing::Test {
 protected:
  void load(std::string_view yaml) {
    harness.trust_store("plaid").trust_store("partners");
    ASSERT_TRUE(harness.load(yaml)) << harness.errors();
  }
  policy::Verdict judge(crypto::CertificateView view, std::string store = "plaid") {
    call.certificate(std::move(view), std::move(store));
    return harness.judge(call);
  }
  PolicyHarness harness{module};
  Call call;
};

TEST_F(ClientCert, GivesAMatchingClientItsIdentity) {
  load(kPlaid);
  EXPECT_THAT(judge(certificate("plaid-mtls-firstbank.plaid.com")), Allowed());
  ASSERT_TRUE(call.exchange().facts.identity.has_value());
  EXPECT_EQ(call.exchange().facts.identity->name(), "plaid-core");
}

TEST_F(ClientCert, NamesTheClientAfterTheStoreWhenNothingElseIsSaid) {
  load("trust_store: plaid");
  EXPECT_THAT(judge(certificate("anything")), Allowed());
  ASSERT_TRUE(call.exchange().facts.identity.has_value());
  EXPECT_EQ(call.exchange().facts.identity->name(), "plaid");
}

TEST_F(ClientCert, RefusesAClientWithoutACertificate) {
  load(kPlaid);
  EXPECT_THAT(harness.judge(call), DeniedWith("client_cert.absent"));
  EXPECT_FALSE(call.exchange().facts.identity.has_value());
}

TEST_F(ClientCert, LetsAClientWithoutACertificatePassUnnamedWhenNoneIsRequired) {
  load(std::string(kPlaid) + "\nrequired: false");
  EXPECT_THAT(harness.judge(call), Allowed());
  EXPECT_FALSE(call.exchange().facts.identity.has_value());
}

TEST_F(ClientCert, ChecksACertificateEvenWhenNoneIsRequired) {
  load(std::string(kPlaid) + "\nrequired: false");
  EXPECT_THAT(judge(certificate("somebody.example")), DeniedWith("client_cert.name_mismatch"));
}

TEST_F(ClientCert, TellsItsChecks) {
  load(std::string(kPlaid) + "\nrequired: false");
  const auto told = [&](const policy::Verdict& verdict) {
    return test::checks_of(module, call, verdict);
  };
  EXPECT_EQ(told(harness.judge(call)), "");
  EXPECT_EQ(told(judge(certificate("plaid-mtls-firstbank.plaid.com"))),
            "certificate+ trust_store+ expiry+ trust+ name+");
  EXPECT_EQ(told(judge(certificate("plaid-mtls-firstbank.plaid.com"), "partners")),
            "certificate+ trust_store- expiry. trust. name.");
  EXPECT_EQ(told(judge(certificate("somebody.example"))),
            "certificate+ trust_store+ expiry+ trust+ name-");
  load(kPlaid);
  Call without;
  const auto verdict = harness.judge(without);
  EXPECT_EQ(test::checks_of(module, without, verdict),
            "certificate- trust_store. expiry. trust. name.");
}

TEST_F(ClientCert, RefusesACertificateOfAnotherStore) {
  load(kPlaid);
  const auto verdict = judge(certificate("plaid-mtls-firstbank.plaid.com"), "partners");
  EXPECT_THAT(verdict, DeniedWith("client_cert.other_store"));
  EXPECT_EQ(evidence_of(verdict), "store=partners wanted=plaid");
  EXPECT_FALSE(call.exchange().facts.identity.has_value());
}

TEST_F(ClientCert, RefusesAnotherName) {
  load(kPlaid);
  const auto verdict = judge(certificate("plaid-mtls-demo.plaid.com.evil.example"));
  EXPECT_THAT(verdict, DeniedWith("client_cert.name_mismatch"));
  EXPECT_THAT(evidence_of(verdict), HasSubstr("plaid-mtls-demo.plaid.com.evil.example"));
  EXPECT_FALSE(call.exchange().facts.identity.has_value());
}

TEST_F(ClientCert, RefusesAnEmptyCommonName) {
  load(kPlaid);
  EXPECT_THAT(judge(certificate("")), DeniedWith("client_cert.name_mismatch"));
}

TEST_F(ClientCert, ComparesTheCommonNameAlwaysAndDnsNamesWhereThereAreAny) {
  load("trust_store: plaid\ncommon_name: [good.example]\ndns_name: [\"<x>.dns.example\"]");
  EXPECT_THAT(judge(certificate("good.example", {"other.example", "a.dns.example"})), Allowed());
  EXPECT_THAT(judge(certificate("bad.example", {"a.dns.example"})),
              DeniedWith("client_cert.name_mismatch"));
  EXPECT_THAT(judge(certificate("good.example", {"other.example"})),
              DeniedWith("client_cert.name_mismatch"));
  EXPECT_THAT(judge(certificate("good.example")), Allowed());
}

TEST_F(ClientCert, TakesTheCommonNameForADnsNameWhereThereIsNone) {
  load("trust_store: plaid\ndns_name: [\"<x>.dns.example\"]");
  EXPECT_THAT(judge(certificate("a.dns.example")), Allowed());
  EXPECT_THAT(judge(certificate("good.example")), DeniedWith("client_cert.name_mismatch"));
  EXPECT_THAT(judge(certificate("a.dns.example", {"other.example"})),
              DeniedWith("client_cert.name_mismatch"));
}

TEST_F(ClientCert, DoesNotTakeACommonNameThatNameConstraintsForbid) {
  load(kPlaid);
  crypto::CertificateView view = certificate("plaid-mtls-demo.plaid.com", {"app.partner.example"});
  EXPECT_THAT(judge(view), Allowed());
  view.common_name_forbidden = true;
  EXPECT_THAT(judge(view), DeniedWith("client_cert.name_mismatch"));
}

TEST_F(ClientCert, RefusesACertificateThatExpiredOnTheOpenConnection) {
  load(kPlaid);
  crypto::CertificateView view = certificate("plaid-mtls-firstbank.plaid.com");
  view.not_after = kNow - 1;
  EXPECT_THAT(judge(view), DeniedWith("client_cert.expired"));
  view.not_after = kNow;
  EXPECT_THAT(judge(view), Allowed());
}

TEST_F(ClientCert, RefusesACertificateThatNobodyVouchesForAnyMore) {
  load(kPlaid);
  const auto view = certificate("plaid-mtls-firstbank.plaid.com");
  crypto::Voucher voucher;
  voucher.trust_store = "plaid";
  voucher.entry = "ca-2025";
  voucher.valid_until = kNow - 1;
  call.certificate(view, voucher);
  const auto verdict = harness.judge(call);
  EXPECT_THAT(verdict, DeniedWith("client_cert.no_longer_trusted"));
  EXPECT_THAT(evidence_of(verdict), HasSubstr("entry=ca-2025"));
  EXPECT_FALSE(call.exchange().facts.identity.has_value());
}

TEST_F(ClientCert, NamesTheClientAsTheTrustEntryDoes) {
  load("trust_store: plaid");
  crypto::Voucher voucher;
  voucher.trust_store = "plaid";
  voucher.identity = "acme";
  call.certificate(certificate("x"), voucher);
  EXPECT_THAT(harness.judge(call), Allowed());
  EXPECT_EQ(call.exchange().facts.identity->name(), "acme");
}

TEST_F(ClientCert, RefusesAStoreThatDoesNotExist) {
  harness.trust_store("plaid");
  EXPECT_FALSE(harness.load("trust_store: plait"));
  EXPECT_THAT(harness.errors(), HasSubstr("there is no trust store \"plait\""));
  EXPECT_FALSE(harness.load("identity: plaid"));
  EXPECT_THAT(harness.errors(), HasSubstr("trust_store"));
}

TEST_F(ClientCert, NamesThePatternThatIsWrong) {
  harness.trust_store("plaid");
  EXPECT_FALSE(
      harness.load("trust_store: plaid\ncommon_name:\n  - a.example\n  - \"*.plaid.com\""));
  EXPECT_THAT(harness.errors(), HasSubstr("common_name[1]"));
  EXPECT_THAT(harness.errors(), HasSubstr("write <word>"));
}

}  // namespace
}  // namespace sallyport::client_cert
