// What each kind of trust entry lets in, and what it says of the rest.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/crypto/certificate.h"
#include "gateway/tls/chain_verifier.h"
#include "gateway/tls/test_peer.h"
#include "tests/support/test_crl.h"

namespace sallyport::tls {
namespace {

using test::CertificateSpec;
using test::Identity;
using test::KeyKind;
using test::TestCa;
using test::TestCrl;
using ::testing::HasSubstr;

const TestCa& ca() {
  static const TestCa instance("Client CA");
  return instance;
}

std::int64_t now() { return wall_now().unix_seconds(); }

TrustEntrySpec ca_entry(const std::string& id, const TestCa& of) {
  TrustEntrySpec entry;
  entry.id = id;
  entry.file = id + ".pem";
  entry.pem = of.certificate_pem();
  return entry;
}

TrustEntrySpec leaf_pin(const Identity& identity) {
  TrustEntrySpec entry;
  entry.kind = TrustKind::leaf;
  entry.id = "pinned";
  entry.pem = identity.certificate_pem();
  return entry;
}

TrustEntrySpec key_pin(const Identity& identity) {
  TrustEntrySpec entry;
  entry.kind = TrustKind::spki;
  entry.id = "key";
  entry.spki = crypto::view_certificate(identity.der)->spki_sha256;
  return entry;
}

std::shared_ptr<const TrustStore> store_of(std::vector<TrustEntrySpec> entries,
                                           std::optional<CrlSpec> crl = std::nullopt) {
  TrustStoreSpec spec;
  spec.name = "plaid";
  spec.entries = std::move(entries);
  spec.crl = std::move(crl);
  auto made = TrustStore::make(std::move(spec), wall_now());
  EXPECT_TRUE(made) << made.error().text;
  return made ? made->store : nullptr;
}

CrlSpec lists(std::vector<std::string> ders, CrlFailure absent = CrlFailure::hard_fail,
              CrlFailure expired = CrlFailure::hard_fail) {
  CrlSpec spec;
  for (std::string& der : ders) {
    spec.files.push_back({"list.crl", std::make_shared<const std::string>(std::move(der))});
  }
  spec.absent = absent;
  spec.expired = expired;
  return spec;
}

std::string serial_of(const Identity& identity) {
  return crypto::view_certificate(identity.der)->serial;
}

ChainVerifier::Verdict judge(const TrustStore& store, const Identity& identity,
                             std::int64_t at = now()) {
  std::vector<bssl::UniquePtr<CRYPTO_BUFFER>> owned;
  std::vector<CRYPTO_BUFFER*> chain;
  const auto add = [&](const std::string& der) {
    owned.emplace_back(CRYPTO_BUFFER_new(crypto::data_of(der), der.size(), nullptr));
    chain.push_back(owned.back().get());
  };
  add(identity.der);
  for (const auto& der : identity.issuers_der) add(der);
  return ChainVerifier().verify(chain, store, {}, {at * 1000});
}

// told is "good", or the reason and the text of a refusal.
std::string told(const ChainVerifier::Verdict& verdict) {
  const auto* refusal = std::get_if<CertificateRefusal>(&verdict);
  return refusal == nullptr ? "good"
                            : std::string(to_string(refusal->reason)) + ": " + refusal->text;
}

const crypto::VerifiedCertificate& proof(const ChainVerifier::Verdict& verdict) {
  return *std::get<ChainVerifier::Verified>(verdict);
}

TEST(TrustEntry, VouchesUnderItsIdAndIdentity) {
  TrustEntrySpec entry = ca_entry("ca-2025", ca());
  entry.identity.name = "acme";
  const auto store = store_of({ca_entry("other", TestCa("Other")), entry});
  const auto verdict = judge(*store, ca().issue({}));
  ASSERT_EQ(told(verdict), "good");
  EXPECT_EQ(proof(verdict).entry(), "ca-2025");
  EXPECT_EQ(proof(verdict).identity(), "acme");
  EXPECT_EQ(proof(verdict).trust_store(), "plaid");
  EXPECT_EQ(proof(judge(*store_of({ca_entry("x", ca())}), ca().issue({}))).identity(), "plaid");
}

TEST(TrustEntry, OldAndNewCountSideBySide) {
  const TestCa next("Next CA");
  const auto both = store_of({ca_entry("old", ca()), ca_entry("new", next)});
  EXPECT_EQ(told(judge(*both, ca().issue({}))), "good");
  EXPECT_EQ(told(judge(*both, next.issue({}))), "good");
}

TEST(TrustEntry, CountsFromItsBeginningToItsEnd) {
  TrustEntrySpec entry = ca_entry("ca-2025", ca());
  entry.not_before = now() - 10;
  entry.retire_after = now() + 10;
  const auto store = store_of({entry});
  const Identity client = ca().issue({});
  EXPECT_EQ(told(judge(*store, client)), "good");
  EXPECT_EQ(proof(judge(*store, client)).valid_until(), entry.retire_after);
  EXPECT_THAT(told(judge(*store, client, now() - 20)),
              HasSubstr("not_active: the trust entry ca-2025 is not active before"));
  EXPECT_THAT(told(judge(*store, client, now() + 20)),
              HasSubstr("not_active: the trust entry ca-2025 was retired at"));
  EXPECT_THAT(told(judge(*store, TestCa("Stranger").issue({}), now() + 20)),
              HasSubstr("unknown_issuer"));
}

TEST(TrustEntry, IsRememberedForAsLongAsItCounts) {
  TrustEntrySpec entry = ca_entry("ca-2025", ca());
  entry.retire_after = now() + 10;
  const auto store = store_of({entry});
  const Identity client = ca().issue({});
  const bssl::UniquePtr<CRYPTO_BUFFER> leaf(
      CRYPTO_BUFFER_new(crypto::data_of(client.der), client.der.size(), nullptr));
  CRYPTO_BUFFER* chain[] = {leaf.get()};
  ChainVerifier verifier;
  EXPECT_EQ(told(verifier.verify(chain, *store, {}, wall_now())), "good");
  EXPECT_THAT(told(verifier.verify(chain, *store, {}, {(now() + 11) * 1000})),
              HasSubstr("not_active"));
  EXPECT_EQ(verifier.hits(), 0U);
}

TEST(TrustEntry, WantsTheNamesOfItsIdentity) {
  TrustEntrySpec entry = ca_entry("ca", ca());
  entry.identity.common_names = {*crypto::NamePattern::parse("plaid-mtls-<shortname>.plaid.com")};
  const auto store = store_of({entry});
  EXPECT_EQ(told(judge(*store, ca().issue({.common_name = "plaid-mtls-acme.plaid.com"}))), "good");
  EXPECT_EQ(told(judge(*store, ca().issue({.common_name = "plaid-mtls-acme.plaid.com.evil.com"}))),
            "identity_mismatch: CN plaid-mtls-acme.plaid.com.evil.com does not match "
            "plaid-mtls-<shortname>.plaid.com (trust entry ca)");
}

TEST(TrustEntry, OneIssuerMayServeSeveralIdentities) {
  TrustEntrySpec one = ca_entry("one", ca()), two = ca_entry("two", ca());
  for (TrustEntrySpec* entry : {&one, &two}) {
    entry->identity.name = entry->id;
    entry->identity.common_names = {*crypto::NamePattern::parse(entry->id + ".example")};
  }
  const auto store = store_of({one, two});
  EXPECT_EQ(proof(judge(*store, ca().issue({.common_name = "two.example"}))).identity(), "two");
}

TEST(TrustEntry, APinnedCertificateNeedsNoIssuer) {
  const Identity pinned = TestCa("Unknown").issue({.common_name = "pinned", .client_auth = true});
  const auto store = store_of({ca_entry("ca", ca()), leaf_pin(pinned)});
  const auto verdict = judge(*store, pinned);
  ASSERT_EQ(told(verdict), "good");
  EXPECT_EQ(proof(verdict).entry(), "pinned");
  EXPECT_THAT(told(judge(*store, TestCa("Unknown").issue({.common_name = "pinned"}))),
              HasSubstr("unknown_issuer: no CA of the trust store plaid issued CN=pinned"));
}

TEST(TrustEntry, APinnedKeyCountsInAnyCertificate) {
  const Identity first = TestCa("A").issue({.common_name = "first"});
  const auto store = store_of({key_pin(first)});
  EXPECT_EQ(told(judge(*store, first)), "good");
  EXPECT_THAT(told(judge(*store, TestCa("A").issue({}))), HasSubstr("has no pin of"));
}

TEST(TrustEntry, APinDoesNotExcuseTheRest) {
  const auto refused = [](const CertificateSpec& spec) {
    const Identity pinned = TestCa("Unknown").issue(spec);
    const std::string by_leaf = told(judge(*store_of({leaf_pin(pinned)}), pinned));
    EXPECT_EQ(by_leaf, told(judge(*store_of({key_pin(pinned)}), pinned)));
    return by_leaf;
  };
  EXPECT_THAT(refused({.not_before = now() - 100, .not_after = now() - 10}),
              HasSubstr("expired: the certificate of CN=test expired at"));
  EXPECT_THAT(refused({.not_before = now() + 100}), HasSubstr("not_yet_valid"));
  EXPECT_THAT(refused({.server_auth = true}), HasSubstr("wrong_purpose"));
  EXPECT_THAT(refused({.key = KeyKind::rsa1024}), HasSubstr("weak_key"));
}

TEST(TrustStore, BlocksACertificateWhoeverIssuedIt) {
  const Identity client = ca().issue({});
  TrustStoreSpec spec;
  spec.name = "plaid";
  spec.entries = {ca_entry("ca", ca())};
  spec.blocked = {crypto::view_certificate(client.der)->sha256};
  const auto made = TrustStore::make(spec, wall_now());
  ASSERT_TRUE(made);
  EXPECT_THAT(told(judge(*made->store, client)), HasSubstr("revoked: the certificate is blocked"));
  EXPECT_EQ(told(judge(*made->store, ca().issue({}))), "good");
}

TEST(TrustStore, IsAnotherOneWithAnotherEntry) {
  TrustEntrySpec entry = ca_entry("a", ca());
  const auto before = store_of({entry})->digest();
  EXPECT_EQ(store_of({entry})->digest(), before);
  entry.retire_after = 5;
  EXPECT_NE(store_of({entry})->digest(), before);
  entry = ca_entry("a", ca());
  entry.identity.uris = {"x"};
  EXPECT_NE(store_of({entry})->digest(), before);
  EXPECT_NE(store_of({ca_entry("a", ca())}, lists({der_of(TestCrl{}, ca())}))->digest(), before);
}

TEST(TrustStore, RefusesTwoEntriesOfOneId) {
  TrustStoreSpec spec;
  spec.entries = {ca_entry("a", ca()), ca_entry("a", ca())};
  const auto made = TrustStore::make(spec, wall_now());
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().text, HasSubstr("two entries have the id \"a\""));
}

// ---- revocation lists

TEST(CrlSet, RefusesARevokedCertificate) {
  const Identity good = ca().issue({}), bad = ca().issue({});
  const auto store =
      store_of({ca_entry("ca", ca())}, lists({der_of(TestCrl{.serials = {serial_of(bad)}}, ca())}));
  EXPECT_EQ(told(judge(*store, good)), "good");
  EXPECT_EQ(told(judge(*store, bad)),
            "revoked: serial " + serial_of(bad) + " is on the revocation list of CN=Client CA");
}

TEST(CrlSet, RefusesARevokedIntermediate) {
  const TestCa between = ca().intermediate("Between");
  const Identity client = between.issue({});
  const auto serial = crypto::view_certificate(between.der())->serial;
  const auto with = [&](const TestCrl& of_root) {
    CrlSpec spec = lists({der_of(of_root, ca()), der_of(TestCrl{}, between)});
    spec.issuers_pem = between.certificate_pem();
    return store_of({ca_entry("ca", ca())}, spec);
  };
  EXPECT_EQ(told(judge(*with({}), client)), "good");
  EXPECT_THAT(told(judge(*with({.serials = {serial}}), client)), HasSubstr("revoked: serial "));
}

TEST(CrlSet, WantsAListOfEveryIssuer) {
  const TestCa other("Other CA");
  const std::vector<TrustEntrySpec> both{ca_entry("a", ca()), ca_entry("b", other)};
  const std::string list = der_of(TestCrl{}, ca());
  EXPECT_EQ(told(judge(*store_of(both, lists({list})), ca().issue({}))), "good");
  EXPECT_EQ(told(judge(*store_of(both, lists({list})), other.issue({}))),
            "crl_absent: there is no revocation list of CN=Other CA");
  EXPECT_EQ(told(judge(*store_of(both, lists({list}, CrlFailure::soft_fail)), other.issue({}))),
            "good");
  EXPECT_EQ(told(judge(*store_of(both, lists({list, der_of(TestCrl{}, other)})), other.issue({}))),
            "good");
}

TEST(CrlSet, TellsIssuersOfOneNameApart) {
  const TestCa twin("Client CA");
  const Identity bad = ca().issue({});
  const auto store = store_of(
      {ca_entry("a", ca()), ca_entry("b", twin)},
      lists({der_of(TestCrl{.serials = {serial_of(bad)}}, ca()), der_of(TestCrl{}, twin)}));
  EXPECT_THAT(told(judge(*store, bad)), HasSubstr("revoked"));
  EXPECT_EQ(told(judge(*store, twin.issue({}))), "good");
}

TEST(CrlSet, DoesNotBelieveAStaleList) {
  const std::string stale =
      der_of(TestCrl{.this_update = now() - 200, .next_update = now() - 100}, ca());
  const Identity client = ca().issue({});
  TrustStoreSpec spec;
  spec.name = "plaid";
  spec.entries = {ca_entry("ca", ca())};
  spec.crl = lists({stale});
  const auto made = TrustStore::make(spec, wall_now());
  ASSERT_TRUE(made);
  ASSERT_EQ(made->warnings.size(), 1U);
  EXPECT_THAT(made->warnings[0], HasSubstr("was to be renewed by"));
  EXPECT_THAT(told(judge(*made->store, client)), HasSubstr("crl_expired"));
  const auto soft = store_of({ca_entry("ca", ca())},
                             lists({stale}, CrlFailure::hard_fail, CrlFailure::soft_fail));
  EXPECT_EQ(told(judge(*soft, client)), "good");
}

TEST(CrlSet, EndsAVerdictWithItsNextUpdate) {
  const auto store =
      store_of({ca_entry("ca", ca())}, lists({der_of(TestCrl{.next_update = now() + 50}, ca())}));
  const auto verdict = judge(*store, ca().issue({}));
  ASSERT_EQ(told(verdict), "good");
  EXPECT_NEAR(static_cast<double>(proof(verdict).valid_until()), static_cast<double>(now() + 50),
              2);
}

TEST(CrlSet, TakesTheNewestOfOneIssuer) {
  const Identity bad = ca().issue({});
  const auto newer = der_of(TestCrl{.serials = {serial_of(bad)}, .this_update = now() - 10}, ca());
  const auto older = der_of(TestCrl{.this_update = now() - 500}, ca());
  for (const auto& order : {lists({newer, older}), lists({older, newer})}) {
    EXPECT_THAT(told(judge(*store_of({ca_entry("ca", ca())}, order), bad)), HasSubstr("revoked"));
  }
}

TEST(CrlSet, RefusesAListThatNoKnownIssuerSigned) {
  TrustStoreSpec spec;
  spec.entries = {ca_entry("ca", ca())};
  spec.crl = lists({der_of(TestCrl{}, TestCa("Client CA"))});
  const auto made = TrustStore::make(spec, wall_now());
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().text, HasSubstr("has signed this one of CN=Client CA"));
}

TEST(CrlSet, SpeaksAgainstAPinByTheIssuersName) {
  const Identity pinned = ca().issue({});
  const auto store = store_of({ca_entry("ca", TestCa("X")), leaf_pin(pinned)});
  EXPECT_EQ(told(judge(*store, pinned)), "good");
  const auto listed = store_of({leaf_pin(pinned), ca_entry("ca", ca())},
                               lists({der_of(TestCrl{.serials = {serial_of(pinned)}}, ca())}));
  EXPECT_THAT(told(judge(*listed, pinned)), HasSubstr("revoked"));
}

}  // namespace
}  // namespace sallyport::tls
