// Client certificates: who gets in, and every reason why one does not.

#include <gtest/gtest.h>

#include "gateway/tls/test_peer.h"

namespace sallyport::tls {
namespace {

using namespace testing;  // NOLINT: the room's own helpers
using test::CertificateDigest;
using test::CertificateSpec;
using test::Identity;
using test::KeyKind;
using test::TestCa;

const TestCa& server_ca() {
  static const TestCa instance("Server CA");
  return instance;
}
const TestCa& client_ca() {
  static const TestCa instance("Client CA");
  return instance;
}

ServerConfig config_with(std::shared_ptr<const TrustStore> store) {
  ServerConfig config;
  config.listener = "public";
  config.entries = {{"api",
                     {"api.example"},
                     credentials(server_ca().issue({.dns_names = {"api.example"}})),
                     std::move(store)}};
  return config;
}

std::shared_ptr<ServerContext> context() {
  return server(config_with(trust("partners", client_ca().certificate_pem())));
}

// expect_refused shakes hands with `identity` over both versions.
void expect_refused(const Identity& identity, std::string_view reason, int alert,
                    WallTime now = wall_now(), std::shared_ptr<ServerContext> with = context()) {
  for (const std::uint16_t version : kVersions) {
    RawClient client;
    client.offer(version, version);
    client.use(identity);
    const Met met = meet(*with, client, "api.example", false, now);
    EXPECT_EQ(failure(met), "certificate_refused") << met.result.text;
    EXPECT_EQ(refusal(met), reason) << met.result.text;
    EXPECT_EQ(client.alert(), alert);
    EXPECT_EQ(met.transport->info().peer, nullptr);
  }
}

TEST(ClientCertificate, BecomesAProof) {
  const auto with = context();
  const auto identity = client_ca().issue({.common_name = "app-1",
                                           .organization = "App",
                                           .dns_names = {"app.example"},
                                           .client_auth = true});
  for (const std::uint16_t version : kVersions) {
    RawClient client;
    client.offer(version, version);
    client.use(identity);
    const Met met = meet(*with, client, "api.example");
    ASSERT_EQ(met.result.outcome, Outcome::done) << met.result.text;
    const auto& peer = met.transport->info().peer;
    ASSERT_NE(peer, nullptr);
    EXPECT_EQ(peer->view().subject, "CN=app-1,O=App");
    EXPECT_EQ(peer->view().dns_names, (std::vector<std::string>{"app.example"}));
    EXPECT_EQ(peer->view().sha256, crypto::sha256(identity.der));
    EXPECT_EQ(peer->trust_store(), "partners");
    EXPECT_EQ(peer->anchor(), "CN=Client CA");
  }
}

TEST(ClientCertificate, IsNotRequired) {
  RawClient client;
  const Met met = meet(*context(), client, "api.example");
  ASSERT_EQ(met.result.outcome, Outcome::done) << met.result.text;
  EXPECT_EQ(met.transport->info().peer, nullptr);
}

TEST(ClientCertificate, IsNotAskedForWithoutATrustStore) {
  const auto with = server(config_with(nullptr));
  RawClient client;
  client.use(client_ca().issue({}));
  const Met met = meet(*with, client, "api.example");
  ASSERT_EQ(met.result.outcome, Outcome::done) << met.result.text;
  EXPECT_EQ(met.transport->info().peer, nullptr);
  EXPECT_EQ(client.asked(), -1);
}

TEST(ClientCertificate, WithoutExtendedKeyUsageIsAccepted) {
  RawClient client;
  client.use(client_ca().issue({}));
  EXPECT_EQ(meet(*context(), client, "api.example").result.outcome, Outcome::done);
}

TEST(ClientCertificate, IsAcceptedThroughIntermediates) {
  const auto issuing = client_ca().intermediate("Policy CA").intermediate("Issuing CA");
  RawClient client;
  client.use(issuing.issue({.common_name = "deep"}));
  const Met met = meet(*context(), client, "api.example");
  ASSERT_EQ(met.result.outcome, Outcome::done) << met.result.text;
  EXPECT_EQ(met.transport->info().peer->view().chain_der.size(), 2U);
}

TEST(ClientCertificate, IsAcceptedUnderARenewedCaBesideTheExpiredOne) {
  const std::int64_t now = wall_now().unix_seconds();
  const TestCa old(CertificateSpec{
      .common_name = "Renewed CA", .not_before = now - 200'000, .not_after = now - 100'000});
  const auto renewed = old.renewed({.common_name = "Renewed CA"});
  const auto identity = old.issue({.common_name = "app"});
  for (const std::string& bundle : {old.certificate_pem() + renewed.certificate_pem(),
                                    renewed.certificate_pem() + old.certificate_pem()}) {
    const auto with = server(config_with(trust("partners", bundle)));
    RawClient client;
    client.use(identity);
    const Met met = meet(*with, client, "api.example");
    EXPECT_EQ(met.result.outcome, Outcome::done) << met.result.text;
  }
}

TEST(ClientCertificate, IsAcceptedUnderAnIssuingCaWithoutItsRoot) {
  const auto issuing = client_ca().intermediate("Issuing CA");
  const auto with = server(config_with(trust("partners", issuing.certificate_pem())));
  RawClient client;
  client.use(issuing.issue({.common_name = "app"}));
  const Met met = meet(*with, client, "api.example");
  ASSERT_EQ(met.result.outcome, Outcome::done) << met.result.text;
  EXPECT_EQ(met.transport->info().peer->anchor(), "CN=Issuing CA");
  // A sibling that the root issued is not vouched for.
  expect_refused(client_ca().issue({}), "unknown_issuer", SSL_AD_UNKNOWN_CA, wall_now(), with);
}

TEST(ClientCertificate, OfAnUnknownIssuerIsRefused) {
  const TestCa stranger("Client CA");  // the same name with another key
  expect_refused(TestCa("Stranger").issue({.common_name = "x"}), "unknown_issuer",
                 SSL_AD_UNKNOWN_CA);
  expect_refused(stranger.issue({}), "bad_signature", SSL_AD_BAD_CERTIFICATE);
}

TEST(ClientCertificate, WithoutItsIntermediateIsRefused) {
  auto identity = client_ca().intermediate("Issuing CA").issue({});
  identity.issuers_der.clear();
  expect_refused(identity, "unknown_issuer", SSL_AD_UNKNOWN_CA);
}

TEST(ClientCertificate, ThatSignedItselfIsRefused) {
  const TestCa self(CertificateSpec{.common_name = "self"});
  Identity identity{self.key(), self.der(), {}};
  expect_refused(identity, "unknown_issuer", SSL_AD_UNKNOWN_CA);
}

TEST(ClientCertificate, ThatExpiredIsRefused) {
  const std::int64_t now = wall_now().unix_seconds();
  const auto identity =
      client_ca().issue({.common_name = "old", .not_before = now - 1000, .not_after = now - 10});
  expect_refused(identity, "expired", SSL_AD_CERTIFICATE_EXPIRED);

  RawClient client;
  client.use(identity);
  const Met met = meet(*context(), client, "api.example");
  EXPECT_NE(met.result.text.find("CN=old expired at 20"), std::string::npos) << met.result.text;
  EXPECT_EQ(met.result.refusal->subject, "CN=old");
  EXPECT_EQ(met.result.refusal->issuer, "CN=Client CA");
  EXPECT_FALSE(met.result.refusal->serial.empty());
}

TEST(ClientCertificate, OfAnExpiredIntermediateIsRefused) {
  const std::int64_t now = wall_now().unix_seconds();
  const auto issuing = client_ca().intermediate(
      {.common_name = "Old CA", .not_before = now - 1000, .not_after = now - 10});
  expect_refused(issuing.issue({}), "expired", SSL_AD_CERTIFICATE_EXPIRED);
}

TEST(ClientCertificate, ThatIsNotYetValidIsRefused) {
  const std::int64_t now = wall_now().unix_seconds();
  expect_refused(client_ca().issue({.not_before = now + 1000}), "not_yet_valid",
                 SSL_AD_CERTIFICATE_EXPIRED);
}

TEST(ClientCertificate, IsJudgedByTheTimeOfTheCall) {
  const auto identity = client_ca().issue({});
  const std::int64_t now = wall_now().unix_ms;
  expect_refused(identity, "expired", SSL_AD_CERTIFICATE_EXPIRED,
                 WallTime{now + 400LL * 24 * 3600 * 1000});
}

TEST(ClientCertificate, ForServersIsRefused) {
  expect_refused(client_ca().issue({.server_auth = true}), "wrong_purpose",
                 SSL_AD_UNSUPPORTED_CERTIFICATE);
}

TEST(ClientCertificate, WithAWeakKeyIsRefused) {
  expect_refused(client_ca().issue({.key = KeyKind::rsa1024}), "weak_key",
                 SSL_AD_UNSUPPORTED_CERTIFICATE);
}

TEST(ClientCertificate, OfAnIssuerWithAWeakKeyIsRefused) {
  const auto weak = client_ca().intermediate({.common_name = "Weak CA", .key = KeyKind::rsa1024});
  expect_refused(weak.issue({}), "weak_key", SSL_AD_UNSUPPORTED_CERTIFICATE);
}

TEST(ClientCertificate, WithAKeyOfRocaIsRefusedByThatName) {
  expect_refused(client_ca().issue({.key = KeyKind::roca2048}), "roca_key",
                 SSL_AD_UNSUPPORTED_CERTIFICATE);
  const auto issuing = client_ca().intermediate({.common_name = "Card", .key = KeyKind::roca2048});
  expect_refused(issuing.issue({}), "roca_key", SSL_AD_UNSUPPORTED_CERTIFICATE);
}

// The same in both versions: TLS 1.2 took P-521 with the hash of another curve before.
TEST(ClientCertificate, WithAKeyOfAnyKindIsAcceptedInBothVersions) {
  const auto with = context();
  for (const KeyKind kind : {KeyKind::p256, KeyKind::p384, KeyKind::p521, KeyKind::rsa2048}) {
    const auto identity = client_ca().issue({.key = kind});
    for (const std::uint16_t version : kVersions) {
      RawClient client;
      client.offer(version, version);
      client.use(identity);
      const Met met = meet(*with, client, "api.example");
      ASSERT_EQ(met.result.outcome, Outcome::done) << static_cast<int>(kind) << met.result.text;
      EXPECT_NE(met.transport->info().peer, nullptr);
    }
  }
}

TEST(ClientCertificate, SignedWithSha1IsRefused) {
  expect_refused(client_ca().issue({.digest = CertificateDigest::sha1}), "weak_signature",
                 SSL_AD_UNSUPPORTED_CERTIFICATE);
}

TEST(ClientCertificate, OfAnIntermediateSignedWithSha1IsRefused) {
  const auto weak =
      client_ca().intermediate({.common_name = "Weak CA", .digest = CertificateDigest::sha1});
  expect_refused(weak.issue({}), "weak_signature", SSL_AD_UNSUPPORTED_CERTIFICATE);
}

TEST(ClientCertificate, IssuedByALeafIsRefused) {
  const auto leaf = client_ca().false_intermediate({.common_name = "No CA"});
  expect_refused(leaf.issue({}), "invalid_issuer", SSL_AD_BAD_CERTIFICATE);
}

TEST(ClientCertificate, BeyondAPathLengthIsRefused) {
  const auto last = client_ca().intermediate({.common_name = "Last CA", .path_length = 0});
  expect_refused(last.intermediate("One too many").issue({}), "invalid_issuer",
                 SSL_AD_BAD_CERTIFICATE);
}

TEST(ClientCertificate, WithTooLongAChainIsRefused) {
  TestCa deep = client_ca().intermediate("1");
  for (int i = 2; i <= 8; ++i) deep = deep.intermediate(std::to_string(i));
  expect_refused(deep.issue({}), "chain_too_long", SSL_AD_UNKNOWN_CA);
}

TEST(ClientCertificate, AmongTooManyIsRefused) {
  auto identity = client_ca().issue({});
  for (int i = 0; i < 11; ++i) identity.issuers_der.push_back(client_ca().der());
  expect_refused(identity, "chain_too_long", SSL_AD_UNKNOWN_CA);
}

TEST(ClientCertificate, WithDamagedBytesIsRefused) {
  auto identity = client_ca().issue({});
  identity.issuers_der.push_back("\x30\x03\x02\x01\x01");
  expect_refused(identity, "malformed", SSL_AD_BAD_CERTIFICATE);
}

TEST(ClientCertificate, NeedsItsKey) {
  // The chain of one client with the key of another: the library itself cannot be made to send
  // it, so the certificate's signature is spoilt instead.
  auto identity = client_ca().issue({});
  identity.der.back() = static_cast<char>(identity.der.back() ^ 1);
  expect_refused(identity, "bad_signature", SSL_AD_BAD_CERTIFICATE);
}

TEST(ClientCertificate, IsInvitedByTheNamesOfTheAnchors) {
  RawClient client;
  meet(*context(), client, "api.example");
  EXPECT_EQ(client.asked(), 1);
}

}  // namespace
}  // namespace sallyport::tls
