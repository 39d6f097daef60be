#include "gateway/tls/credentials.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "gateway/tls/trust_store.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_ca.h"

namespace sallyport::tls {
namespace {

using test::CertificateSpec;
using test::KeyKind;
using test::TempDir;
using test::TestCa;

const TestCa& ca() {
  static const TestCa instance("Root");
  return instance;
}

std::string why_not(std::string_view chain, std::string_view key) {
  const auto loaded = Credentials::from_pem(chain, key, wall_now(), "site.pem", "site.key");
  return loaded ? "" : loaded.error().text;
}

bool says(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Credentials, HoldTheChainAndTheKey) {
  const auto identity = ca().intermediate("Issuing").issue({.common_name = "site"});
  const auto loaded = Credentials::from_pem(identity.chain_pem(), identity.key_pem(), wall_now());
  ASSERT_TRUE(loaded) << loaded.error().text;
  EXPECT_TRUE(loaded->warnings.empty());
  EXPECT_EQ(loaded->credentials->chain().size(), 2U);
  EXPECT_EQ(loaded->credentials->leaf().common_name, "site");
}

TEST(Credentials, TakeTheKeysThatServersUse) {
  for (const KeyKind kind : {KeyKind::rsa2048, KeyKind::p256, KeyKind::p384}) {
    const auto identity = ca().issue({.key = kind});
    EXPECT_EQ(why_not(identity.chain_pem(), identity.key_pem()), "");
  }
}

TEST(Credentials, RefuseWeakAndUnusualKeys) {
  for (const KeyKind kind : {KeyKind::rsa1024, KeyKind::p521, KeyKind::ed25519}) {
    const auto identity = ca().issue({.key = kind});
    EXPECT_TRUE(says(why_not(identity.chain_pem(), identity.key_pem()), "site.pem: "));
  }
}

TEST(Credentials, RefuseTheKeyOfAnotherCertificate) {
  const auto identity = ca().issue({});
  const std::string text = why_not(identity.chain_pem(), ca().issue({}).key_pem());
  EXPECT_TRUE(says(text, "site.key: does not belong to the first certificate in site.pem")) << text;
}

TEST(Credentials, RefuseAChainOutOfOrder) {
  const auto issuing = ca().intermediate("Issuing");
  const auto identity = issuing.issue({});
  const std::string leaf = identity.certificate_pem();
  const std::string root = ca().certificate_pem();
  EXPECT_EQ(why_not(leaf + issuing.certificate_pem() + root, identity.key_pem()), "");
  const std::string skipped = why_not(leaf + root, identity.key_pem());
  EXPECT_TRUE(says(skipped, "certificate 2 did not issue certificate 1")) << skipped;
  const std::string swapped = why_not(leaf + root + issuing.certificate_pem(), identity.key_pem());
  EXPECT_TRUE(says(swapped, "certificate 2 did not issue certificate 1")) << swapped;
  EXPECT_NE(why_not(issuing.certificate_pem() + leaf, identity.key_pem()), "");
}

TEST(Credentials, RefuseAnIssuerOfTheSameNameWithAnotherKey) {
  const auto identity = ca().issue({});
  const std::string text =
      why_not(identity.certificate_pem() + TestCa("Root").certificate_pem(), identity.key_pem());
  EXPECT_TRUE(says(text, "did not issue")) << text;
}

TEST(Credentials, RefuseFilesWithoutTheRightBlocks) {
  const auto identity = ca().issue({});
  EXPECT_TRUE(says(why_not("", identity.key_pem()), "site.pem: there is no CERTIFICATE block"));
  EXPECT_TRUE(says(why_not(identity.chain_pem(), ""), "site.key: there is no private key"));
  EXPECT_TRUE(says(why_not(identity.chain_pem(), identity.key_pem() + identity.key_pem()),
                   "a second private key"));
  EXPECT_TRUE(says(why_not(identity.chain_pem(),
                           "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n"
                           "-----END ENCRYPTED PRIVATE KEY-----\n"),
                   "encrypted"));
}

TEST(Credentials, AreReadFromOneFileInAnyOrderOfKinds) {
  const auto identity = ca().intermediate("Issuing").issue({});
  const std::string chain = identity.chain_pem(), key = identity.key_pem();
  for (const std::string& text : {chain + key, key + chain, "\xEF\xBB\xBF" + key + chain}) {
    const auto loaded = Credentials::from_pem(text, text, wall_now(), "site.pem", "site.pem");
    ASSERT_TRUE(loaded) << loaded.error().text;
    EXPECT_TRUE(loaded->warnings.empty());
    ASSERT_EQ(loaded->notes.size(), 2U);
    EXPECT_TRUE(says(loaded->notes[0], "site.pem: took 2 certificates; skipped PRIVATE KEY (line"));
    EXPECT_TRUE(says(loaded->notes[1], "site.pem: took 1 private key; skipped CERTIFICATE (line"));
  }
  const std::string indented = " " + chain + key;
  EXPECT_TRUE(says(why_not(indented, indented), "site.pem: line 1 has white space"));
}

TEST(Credentials, WarnOfExpiryAndStillLoad) {
  const std::int64_t now = wall_now().unix_seconds();
  const auto old =
      ca().issue({.common_name = "old", .not_before = now - 1000, .not_after = now - 10});
  const auto loaded = Credentials::from_pem(old.chain_pem(), old.key_pem(), wall_now());
  ASSERT_TRUE(loaded);
  ASSERT_EQ(loaded->warnings.size(), 1U);
  EXPECT_TRUE(says(loaded->warnings[0], "CN=old expired at 20"));
  const auto young = ca().issue({.not_before = now + 1000});
  EXPECT_EQ(Credentials::from_pem(young.chain_pem(), young.key_pem(), wall_now())->warnings.size(),
            1U);
}

TEST(Credentials, AreReadFromFiles) {
  const TempDir folder;
  const auto identity = ca().issue({});
  const auto pem = folder.write("site.pem", identity.chain_pem());
  const auto key = folder.write("site.key", identity.key_pem());
  chmod(key.c_str(), 0600);
  const auto loaded = Credentials::load(pem, key, wall_now());
  ASSERT_TRUE(loaded) << loaded.error().text;
  EXPECT_TRUE(loaded->warnings.empty());

  chmod(key.c_str(), 0644);
  const auto open = Credentials::load(pem, key, wall_now());
  ASSERT_TRUE(open);
  ASSERT_EQ(open->warnings.size(), 1U);
  EXPECT_TRUE(says(open->warnings[0], key + ": every user"));
}

TEST(Credentials, NameTheFileThatCannotBeRead) {
  const TempDir folder;
  const auto pem = folder.write("site.pem", ca().issue({}).chain_pem());
  const std::string missing = folder.file("missing.key");
  const auto loaded = Credentials::load(pem, missing, wall_now());
  ASSERT_FALSE(loaded);
  EXPECT_TRUE(says(loaded.error().text, missing + ": cannot be read"));
  EXPECT_TRUE(says(Credentials::load(folder.path(), missing, wall_now()).error().text,
                   "it is not a regular file"));
  const auto huge = folder.write("huge.pem", std::string(300 * 1024, 'x'));
  EXPECT_TRUE(says(Credentials::load(huge, missing, wall_now()).error().text, "is larger than"));
}

TEST(TrustStore, HoldsItsAnchors) {
  const TestCa other("Other");
  const auto loaded = TrustStore::from_pem(
      "partners", ca().certificate_pem() + other.certificate_pem(), wall_now());
  ASSERT_TRUE(loaded) << loaded.error().text;
  EXPECT_EQ(loaded->store->name(), "partners");
  EXPECT_EQ(loaded->store->anchors().size(), 2U);
  EXPECT_TRUE(loaded->warnings.empty());
}

TEST(TrustStore, IsNamedByItsContent) {
  const TestCa other("Other");
  const auto digest = [](std::string name, const std::string& pem) {
    return TrustStore::from_pem(std::move(name), pem, wall_now())->store->digest();
  };
  const std::string a = ca().certificate_pem(), b = other.certificate_pem();
  EXPECT_EQ(digest("x", a + b), digest("x", b + a));
  EXPECT_NE(digest("x", a + b), digest("x", a));
  EXPECT_NE(digest("x", a), digest("y", a));
}

TEST(TrustStore, RefusesALeaf) {
  const auto loaded = TrustStore::from_pem(
      "partners", ca().certificate_pem() + ca().issue({.common_name = "leaf"}).certificate_pem(),
      wall_now(), "partners.pem");
  ASSERT_FALSE(loaded);
  EXPECT_TRUE(
      says(loaded.error().text, "partners.pem: certificate 2 (CN=leaf) is not a CA certificate"))
      << loaded.error().text;
}

TEST(TrustStore, LoadsBesideAnExpiredCa) {
  const std::int64_t now = wall_now().unix_seconds();
  const TestCa old(
      CertificateSpec{.common_name = "Old CA", .not_before = now - 1000, .not_after = now - 10});
  const auto loaded =
      TrustStore::from_pem("partners", old.certificate_pem() + ca().certificate_pem(), wall_now());
  ASSERT_TRUE(loaded);
  ASSERT_EQ(loaded->warnings.size(), 1U);
  EXPECT_TRUE(says(loaded->warnings[0], "CN=Old CA expired"));
}

TEST(TrustStore, RefusesNothingAndTheUnreadable) {
  EXPECT_FALSE(TrustStore::from_pem("x", "", wall_now()));
  EXPECT_FALSE(TrustStore::from_pem("x", ca().key().private_pem(), wall_now()));
  EXPECT_FALSE(TrustStore::load("x", "/nonexistent/ca.pem", wall_now()));
}

TEST(TrustStore, LoadsTheMachinesOwn) {
  const auto loaded = TrustStore::load_system(wall_now());
  if (!loaded) GTEST_SKIP() << loaded.error().text;
  EXPECT_GT(loaded->store->anchors().size(), 10U);
}

}  // namespace
}  // namespace sallyport::tls
