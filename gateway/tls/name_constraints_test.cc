// Name constraints and the common name: it decides who a client is, so it is held to them.

#include <gtest/gtest.h>

#include "gateway/tls/name_constraints.h"
#include "gateway/tls/path_check.h"
#include "gateway/tls/presented_der.h"
#include "gateway/tls/test_peer.h"

namespace sallyport::tls {
namespace {

using namespace testing;  // NOLINT: the room's own helpers
using test::CertificateSpec;
using test::Identity;
using test::TestCa;

const TestCa& root() {
  static const TestCa instance("Root");
  return instance;
}

// partner may issue names of partner.example, but for those of secret.partner.example.
const TestCa& partner() {
  static const TestCa instance = root().intermediate({.common_name = "Partner CA",
                                                      .permitted_dns = {"partner.example"},
                                                      .excluded_dns = {"secret.partner.example"}});
  return instance;
}

// verdict_on is the reason of the refusal, or "let in" with whether the CN may be used.
std::string verdict_on(const Identity& identity, const crypto::IdentityRule& rule = {},
                       const std::string& anchors = root().certificate_pem()) {
  TrustStoreSpec spec;
  spec.name = "partners";
  TrustEntrySpec& entry = spec.entries.emplace_back();
  entry.id = "a";
  entry.pem = anchors;
  entry.identity = rule;
  const auto loaded = TrustStore::make(std::move(spec), wall_now());
  const PresentedDer presented(identity.der, identity.issuers_der);
  const auto found = check_path(presented.chain(), *loaded->store, {}, wall_now());
  if (const auto* refusal = std::get_if<CertificateRefusal>(&found)) {
    return std::string(to_string(refusal->reason)) + ": " + refusal->text;
  }
  return std::get<GoodPath>(found).leaf.common_name_forbidden ? "let in, CN forbidden" : "let in";
}

constexpr std::string_view kForbidden =
    "invalid_issuer: the CN plaid-mtls-a.plaid.com is a DNS name that the name constraints of its "
    "issuers do not permit";

TEST(NameConstraints, HoldACommonNameThatIsADnsName) {
  EXPECT_EQ(verdict_on(partner().issue({.common_name = "app.partner.example"})), "let in");
  EXPECT_EQ(verdict_on(partner().issue({.common_name = "APP.Partner.Example"})), "let in");
  EXPECT_EQ(verdict_on(partner().issue({.common_name = "plaid-mtls-a.plaid.com"})), kForbidden);
  for (const char* name : {"secret.partner.example", "a.secret.partner.example",
                           "evilpartner.example", "partner.example.evil.example", "-a.plaid.com"}) {
    EXPECT_TRUE(verdict_on(partner().issue({.common_name = name})).starts_with("invalid_issuer"))
        << name;
  }
}

TEST(NameConstraints, HoldItBesideNamesOfOtherKinds) {
  EXPECT_EQ(
      verdict_on(partner().issue({.common_name = "plaid-mtls-a.plaid.com", .uris = {"urn:x"}})),
      kForbidden);
  EXPECT_EQ(verdict_on(partner().issue(
                {.common_name = "plaid-mtls-a.plaid.com", .ips = {"\x7f\x01\x01\x01"}})),
            kForbidden);
  EXPECT_EQ(verdict_on(partner().issue({.common_name = "app.partner.example", .uris = {"urn:x"}})),
            "let in");
}

TEST(NameConstraints, BesideAPermittedDnsNameItIdentifiesNobody) {
  const auto both = partner().issue(
      {.common_name = "plaid-mtls-a.plaid.com", .dns_names = {"app.partner.example"}});
  EXPECT_EQ(verdict_on(both), "let in, CN forbidden");
  crypto::IdentityRule rule;
  rule.common_names = {*crypto::NamePattern::parse("plaid-mtls-<shortname>.plaid.com")};
  EXPECT_EQ(verdict_on(both, rule),
            "identity_mismatch: CN plaid-mtls-a.plaid.com is not permitted by its issuers' name "
            "constraints (trust entry a)");
  EXPECT_EQ(verdict_on(root().issue({.common_name = "plaid-mtls-a.plaid.com"}), rule), "let in");
}

TEST(NameConstraints, LeaveACommonNameOfAnotherFormAlone) {
  for (const char* name : {"Acme payments", "acme", "1234567", "a..b", "app@evil.example"}) {
    EXPECT_EQ(verdict_on(partner().issue({.common_name = name, .uris = {"urn:x"}})), "let in")
        << name;
    EXPECT_EQ(verdict_on(partner().issue({.common_name = name})), "let in") << name;
  }
}

TEST(NameConstraints, OfTheAnchorCountToo) {
  const TestCa anchor(CertificateSpec{.common_name = "Anchor", .permitted_dns = {"a.example"}});
  EXPECT_EQ(verdict_on(anchor.issue({.common_name = "x.a.example"}), {}, anchor.certificate_pem()),
            "let in");
  EXPECT_TRUE(verdict_on(anchor.issue({.common_name = "x.b.example", .uris = {"urn:x"}}), {},
                         anchor.certificate_pem())
                  .starts_with("invalid_issuer"));
}

TEST(NameConstraints, OfOnePathDoNotCountOnAnother) {
  // The same key is certified twice, and once without constraints.
  const auto free = root().certify({.common_name = "Partner CA", .is_ca = true}, partner().key());
  auto leaf = partner().issue({.common_name = "plaid-mtls-a.plaid.com", .uris = {"urn:x"}});
  leaf.issuers_der = {partner().der(), free.der};
  EXPECT_EQ(verdict_on(leaf), "let in");
}

TEST(NameConstraints, KnowTheFormOfADnsName) {
  for (const char* name : {"a.b", "a_b.example", "xn--a.example", "1.2.3.4"}) {
    EXPECT_TRUE(has_dns_form(name)) << name;
  }
  for (const char* name : {"", "a", ".a", "a.", "a b.c", "*.a.b", "a.b\xef\xbf\xbd.c"}) {
    EXPECT_FALSE(has_dns_form(name)) << name;
  }
}

}  // namespace
}  // namespace sallyport::tls
