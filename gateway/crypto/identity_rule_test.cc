#include "gateway/crypto/identity_rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::crypto {
namespace {

using testing::HasSubstr;

CertificateView certificate(std::string common_name, std::vector<std::string> dns_names = {}) {
  CertificateView view;
  view.common_name = std::move(common_name);
  view.dns_names = std::move(dns_names);
  view.issuer = "CN=Issuing CA";
  return view;
}

std::vector<NamePattern> patterns(std::string_view text) { return {*NamePattern::parse(text)}; }

std::string mismatch(const IdentityRule& rule, const CertificateView& view) {
  return rule.mismatch(view).value_or("(none)");
}

TEST(IdentityRule, WithoutDemandsAcceptsEverybody) {
  EXPECT_EQ(mismatch({}, certificate("anything")), "(none)");
}

TEST(IdentityRule, SaysWhichNameDoesNotMatchWhat) {
  IdentityRule rule;
  rule.common_names = patterns("plaid-mtls-<shortname>.plaid.com");
  EXPECT_EQ(mismatch(rule, certificate("plaid-mtls-acme.plaid.com")), "(none)");
  EXPECT_EQ(
      mismatch(rule, certificate("plaid-mtls-acme.plaid.com.evil.com")),
      "CN plaid-mtls-acme.plaid.com.evil.com does not match plaid-mtls-<shortname>.plaid.com");
  EXPECT_THAT(mismatch(rule, certificate("")), HasSubstr("an absent CN does not match"));
}

TEST(IdentityRule, ComparesTheCommonNameAlways) {
  IdentityRule rule;
  rule.common_names = patterns("good.example");
  rule.dns_names = patterns("<x>.dns.example");
  EXPECT_EQ(mismatch(rule, certificate("good.example", {"a.dns.example"})), "(none)");
  EXPECT_EQ(mismatch(rule, certificate("bad.example", {"a.dns.example"})),
            "CN bad.example does not match good.example");
  EXPECT_EQ(mismatch(rule, certificate("good.example", {"other.example"})),
            "the DNS name other.example does not match <x>.dns.example");
  EXPECT_EQ(mismatch(rule, certificate("good.example")), "(none)");
  EXPECT_EQ(mismatch(rule, certificate("a.dns.example")),
            "CN a.dns.example does not match good.example");
}

TEST(IdentityRule, TakesTheCommonNameForADnsNameWhereThereIsNone) {
  IdentityRule rule;
  rule.dns_names = patterns("<x>.dns.example");
  EXPECT_EQ(mismatch(rule, certificate("a.dns.example")), "(none)");
  EXPECT_EQ(mismatch(rule, certificate("a.dns.example", {"b.dns.example"})), "(none)");
  EXPECT_EQ(mismatch(rule, certificate("good.example")),
            "it has no DNS name, and CN good.example does not match <x>.dns.example");
  EXPECT_EQ(mismatch(rule, certificate("a.dns.example", {"other.example"})),
            "the DNS name other.example does not match <x>.dns.example");
}

TEST(IdentityRule, DoesNotTakeACommonNameThatNameConstraintsForbid) {
  CertificateView view = certificate("a.dns.example", {"b.dns.example"});
  view.common_name_forbidden = true;
  IdentityRule rule;
  rule.dns_names = patterns("<x>.dns.example");
  EXPECT_EQ(mismatch(rule, view), "(none)");
  rule.common_names = patterns("<x>.dns.example");
  EXPECT_EQ(mismatch(rule, view),
            "CN a.dns.example is not permitted by its issuers' name constraints");
}

TEST(IdentityRule, WantsOneOfTheUrisAndTheIssuerExactly) {
  IdentityRule rule;
  rule.uris = {"spiffe://bank.example/plaid"};
  CertificateView view = certificate("x");
  view.uris = {"spiffe://bank.example/plaid/evil"};
  EXPECT_EQ(mismatch(rule, view), "none of its URIs is spiffe://bank.example/plaid");
  view.uris.push_back("spiffe://bank.example/plaid");
  EXPECT_EQ(mismatch(rule, view), "(none)");
  rule.issuer = "CN=Issuing CA";
  EXPECT_EQ(mismatch(rule, view), "(none)");
  view.issuer = "CN=Issuing CA 2";
  EXPECT_EQ(mismatch(rule, view), "its issuer CN=Issuing CA 2 is not CN=Issuing CA");
}

}  // namespace
}  // namespace sallyport::crypto
