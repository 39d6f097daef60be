// Whoever holds a certificate may change octets of it. What still verifies must be what was denied.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/text.h"
#include "gateway/crypto/certificate.h"
#include "gateway/crypto/certificate_twin.h"
#include "gateway/tls/chain_verifier.h"
#include "gateway/tls/presented_der.h"
#include "tests/support/test_ca.h"

namespace sallyport::tls {
namespace {

using test::CertificateSpec;
using test::Identity;
using test::KeyKind;
using test::TestCa;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

TrustEntrySpec entry_of(const TestCa& ca) {
  TrustEntrySpec entry;
  entry.id = "ca";
  entry.pem = ca.certificate_pem();
  return entry;
}

std::shared_ptr<const TrustStore> store_of(TrustEntrySpec entry,
                                           std::vector<crypto::Sha256> blocked = {}) {
  TrustStoreSpec spec;
  spec.name = "partners";
  spec.entries = {std::move(entry)};
  spec.blocked = std::move(blocked);
  const auto made = TrustStore::make(std::move(spec), wall_now());
  EXPECT_TRUE(made) << made.error().text;
  return made->store;
}

ChainVerifier::Verdict verify(const TrustStore& store, const std::vector<std::string>& chain) {
  return ChainVerifier(0).verify(PresentedDer(chain).chain(), store, {}, wall_now());
}

bool is_good(const TrustStore& store, const std::string& leaf) {
  return verify(store, {leaf}).index() == 0;
}

std::string told(const ChainVerifier::Verdict& verdict) {
  const auto* refusal = std::get_if<CertificateRefusal>(&verdict);
  return refusal == nullptr ? "good"
                            : std::string(to_string(refusal->reason)) + ": " + refusal->text;
}

std::vector<std::string> chain_of(const Identity& identity) {
  std::vector<std::string> chain{identity.der};
  chain.insert(chain.end(), identity.issuers_der.begin(), identity.issuers_der.end());
  return chain;
}

crypto::Sha256 key_of(const std::string& der) { return crypto::view_certificate(der)->spki_sha256; }

class Denied : public ::testing::TestWithParam<KeyKind> {
 protected:
  const TestCa ca_{CertificateSpec{.common_name = "CA", .key = GetParam()}};
  const Identity client_ = ca_.issue({});
  const std::string twin_ = crypto::certificate_twin(client_.der).value_or(client_.der);
};

INSTANTIATE_TEST_SUITE_P(Signature, Denied,
                         ::testing::Values(KeyKind::p256, KeyKind::p384, KeyKind::p521,
                                           KeyKind::rsa2048, KeyKind::ed25519));

TEST_P(Denied, IsEveryEncodingThatVerifies) {
  for (const std::string& named : {client_.der, twin_}) {
    const auto store = store_of(entry_of(ca_), {crypto::sha256(named)});
    for (const std::string& shown : {client_.der, twin_}) {
      EXPECT_THAT(told(verify(*store, {shown})), HasSubstr("revoked: the certificate is blocked"));
    }
    EXPECT_EQ(told(verify(*store, {ca_.issue({}).der})), "good");
  }
}

// Every octet is changed in several ways, left out and doubled: nothing verifies but the two.
TEST_P(Denied, HasNoThirdEncoding) {
  const auto store = store_of(entry_of(ca_));
  const std::string& der = client_.der;
  ASSERT_TRUE(is_good(*store, der) && is_good(*store, twin_));
  const auto expect_known = [&](const std::string& changed, std::size_t at) {
    if (changed == der || changed == twin_) return;
    EXPECT_FALSE(is_good(*store, changed)) << at << " " << to_hex(changed);
  };
  for (std::size_t i = 0; i < der.size(); ++i) {
    for (const int change : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
      std::string changed = der;
      changed[i] = static_cast<char>(changed[i] ^ change);
      expect_known(changed, i);
    }
    expect_known(std::string(der).erase(i, 1), i);
    expect_known(std::string(der).insert(i, 1, der[i]), i);
    expect_known(std::string(der).insert(i, 1, '\0'), i);
  }
  expect_known(der + '\0', der.size());
  expect_known(der + der, der.size());
}

TEST_P(Denied, IsNamedInEveryWayOnce) {
  const auto store = store_of(entry_of(ca_));
  const auto hex = [](const crypto::Sha256& digest) { return to_hex(crypto::as_text(digest)); };
  for (const std::string& shown : {client_.der, twin_}) {
    const auto verdict = verify(*store, {shown});
    ASSERT_EQ(told(verdict), "good");
    const auto& names = std::get<ChainVerifier::Verified>(verdict)->denial_names();
    EXPECT_THAT(names, Contains(hex(crypto::sha256(client_.der))));
    EXPECT_THAT(names, Contains(hex(crypto::sha256(twin_))));
    EXPECT_THAT(names, Contains(hex(key_of(client_.der))));
    EXPECT_THAT(names, Contains(hex(crypto::sha256(ca_.der()))));
    EXPECT_EQ(names.size(), twin_ == client_.der ? 4U : 5U);
  }
}

// The proof of possession of a token (RFC 8705) is of the very octets that were shown.
TEST_P(Denied, DoesNotBlurTheThumbprint) {
  const auto store = store_of(entry_of(ca_));
  for (const std::string& shown : {client_.der, twin_}) {
    const auto verdict = verify(*store, {shown});
    EXPECT_EQ(std::get<ChainVerifier::Verified>(verdict)->view().sha256, crypto::sha256(shown));
  }
}

TEST(DeniedIssuer, TakesWhatItIssuedWithIt) {
  const TestCa root("Root");
  const TestCa between = root.intermediate("Between"), sibling = root.intermediate("Sibling");
  const Identity client = between.issue({});
  const std::string twin = *crypto::certificate_twin(between.der());
  for (const auto& named : {crypto::sha256(between.der()), crypto::sha256(twin), key_of(twin)}) {
    const auto store = store_of(entry_of(root), {named});
    EXPECT_THAT(told(verify(*store, chain_of(client))),
                HasSubstr("revoked: its issuer CN=Between is blocked"));
    EXPECT_THAT(told(verify(*store, {client.der, twin})), HasSubstr("revoked: its issuer"));
    EXPECT_EQ(told(verify(*store, chain_of(sibling.issue({})))), "good");
    // What was sent and is not of the path says nothing.
    const Identity other = sibling.issue({});
    EXPECT_EQ(told(verify(*store, {other.der, other.issuers_der.front(), twin})), "good");
  }
}

TEST(DeniedIssuer, IsAmongTheNamesOfItsPath) {
  const TestCa root("Root");
  const TestCa between = root.intermediate("Between");
  const std::string twin = *crypto::certificate_twin(between.der());
  const auto verdict = verify(*store_of(entry_of(root)), {between.issue({}).der, twin});
  ASSERT_EQ(told(verdict), "good");
  const auto& names = std::get<ChainVerifier::Verified>(verdict)->denial_names();
  for (const std::string& der : {between.der(), twin}) {
    EXPECT_THAT(names, Contains(to_hex(crypto::as_text(crypto::sha256(der)))));
  }
}

// A pinned key believes no signature: any octets will do, and only the key can be denied.
TEST(DeniedKey, IsDeniedInAnyCertificate) {
  const TestCa one("One"), other("Other");
  const Identity client = one.issue({});
  TrustEntrySpec pin;
  pin.kind = TrustKind::spki;
  pin.id = "key";
  pin.spki = key_of(client.der);
  std::string changed = client.der;
  changed.back() = static_cast<char>(changed.back() ^ 1);
  ASSERT_TRUE(is_good(*store_of(pin), changed));
  const auto store = store_of(pin, {pin.spki});
  EXPECT_THAT(told(verify(*store, {client.der})), HasSubstr("revoked"));
  EXPECT_THAT(told(verify(*store, {changed})), HasSubstr("revoked"));
  TrustEntrySpec exact;
  exact.kind = TrustKind::leaf;
  exact.id = "leaf";
  exact.pem = client.certificate_pem();
  EXPECT_TRUE(is_good(*store_of(exact), client.der));
  EXPECT_FALSE(is_good(*store_of(exact), changed));
  EXPECT_FALSE(is_good(*store_of(exact), *crypto::certificate_twin(client.der)));
}

}  // namespace
}  // namespace sallyport::tls
