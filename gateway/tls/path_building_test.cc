// Which path is found where several might lead to a CA, what is told when none does, and what the
// search may cost.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/tls/path_check.h"
#include "gateway/tls/presented_der.h"
#include "gateway/tls/signature_book.h"
#include "gateway/tls/test_peer.h"

namespace sallyport::tls {
namespace {

using namespace testing;  // NOLINT: the room's own helpers
using test::CertificateSpec;
using test::Identity;
using test::TestCa;
using ::testing::HasSubstr;

const Expectation kClient{};

// verdict_on is the reason of the refusal, or the subject of the anchor.
std::string verdict_on(const std::string& anchors, const Identity& identity,
                       const Expectation& expected = kClient, std::string* text = nullptr) {
  const auto store = trust("partners", anchors);
  const PresentedDer presented(identity.der, identity.issuers_der);
  const auto found = check_path(presented.chain(), *store, expected, wall_now());
  if (const auto* refusal = std::get_if<CertificateRefusal>(&found)) {
    if (text != nullptr) *text = refusal->text;
    return std::string(to_string(refusal->reason));
  }
  return std::get<GoodPath>(found).voucher.anchor;
}

Identity sent_with(Identity identity, std::vector<std::string> issuers) {
  identity.issuers_der = std::move(issuers);
  return identity;
}

TEST(PathBuilding, TakesEitherOfTwoAnchorsOfOneName) {
  const TestCa one("Partner CA"), two("Partner CA"), three("Partner CA");
  const std::string bundle = one.certificate_pem() + two.certificate_pem();
  for (const TestCa* ca : {&one, &two}) {
    EXPECT_EQ(verdict_on(bundle, ca->issue({.common_name = "app"})), "CN=Partner CA");
  }
  std::string text;
  EXPECT_EQ(verdict_on(bundle, three.issue({.common_name = "app"}), kClient, &text),
            "bad_signature");
  EXPECT_EQ(text,
            "the certificate of CN=app: the signature was not made with the key of its issuer");
}

TEST(PathBuilding, TakesARekeyedIntermediateBesideItsPredecessor) {
  const TestCa root("Root");
  const TestCa old = root.intermediate("Issuing"), rekeyed = root.intermediate("Issuing");
  for (const TestCa* issuing : {&old, &rekeyed}) {
    const auto leaf = issuing->issue({.common_name = "app"});
    EXPECT_EQ(verdict_on(root.certificate_pem(), sent_with(leaf, {old.der(), rekeyed.der()})),
              "CN=Root");
    EXPECT_EQ(verdict_on(root.certificate_pem(), sent_with(leaf, {rekeyed.der(), old.der()})),
              "CN=Root");
  }
}

TEST(PathBuilding, TakesARekeyedIntermediateUnderARekeyedRoot) {
  const TestCa root("Root"), new_root("Root");
  const TestCa old = root.intermediate("Issuing"), rekeyed = new_root.intermediate("Issuing");
  const auto leaf = rekeyed.issue({.common_name = "app"});
  EXPECT_EQ(verdict_on(root.certificate_pem() + new_root.certificate_pem(),
                       sent_with(leaf, {old.der(), rekeyed.der()})),
            "CN=Root");
}

TEST(PathBuilding, TakesACrossSignedPathWhereTheShorterOneIsUnknown) {
  const TestCa old_root("Old root"), new_root("New root");
  // The new root's key is certified by the old one, which alone is trusted.
  auto issuing = new_root.intermediate("Issuing");
  const auto leaf = issuing.issue({.common_name = "app"});
  const TestCa stranger("Old root");
  const auto bridge_of = [&](const TestCa& root) {
    return root.certify({.common_name = "New root", .is_ca = true}, new_root.key()).der;
  };
  for (const bool wrong_first : {true, false}) {
    std::vector<std::string> sent{issuing.der(), new_root.der()};
    sent.push_back(bridge_of(wrong_first ? stranger : old_root));
    sent.push_back(bridge_of(wrong_first ? old_root : stranger));
    EXPECT_EQ(verdict_on(old_root.certificate_pem(), sent_with(leaf, sent)), "CN=Old root");
  }
}

TEST(PathBuilding, TakesTheAuthorityKeyIdentifierForAHint) {
  const TestCa ca(CertificateSpec{.common_name = "EasyRSA CA", .subject_key_id = "key one"});
  const auto serial = ca.issue(
      {.common_name = "app", .authority_key_id = "key one", .authority_serial = "\x03\xe9"});
  EXPECT_EQ(verdict_on(ca.certificate_pem(), serial), "CN=EasyRSA CA");
  const auto key = ca.issue({.common_name = "app", .authority_key_id = "key two"});
  EXPECT_EQ(verdict_on(ca.certificate_pem(), key), "CN=EasyRSA CA");
}

TEST(PathBuilding, OfAnIssuerThatTheHintSpeaksAgainstSaysThatItIsUnknown) {
  const TestCa ca(CertificateSpec{.common_name = "Partner CA", .subject_key_id = "ours"});
  const TestCa stranger(CertificateSpec{.common_name = "Partner CA", .subject_key_id = "theirs"});
  const auto leaf = stranger.issue({.common_name = "app", .authority_key_id = "theirs"});
  EXPECT_EQ(verdict_on(ca.certificate_pem(), leaf), "unknown_issuer");
}

TEST(PathBuilding, TellsTheReasonOfThePathThatCameFurthest) {
  const std::int64_t now = wall_now().unix_seconds();
  const TestCa one("Partner CA"), two("Partner CA");
  const std::string bundle = one.certificate_pem() + two.certificate_pem();
  const CertificateSpec old{.common_name = "old", .not_before = now - 1000, .not_after = now - 10};
  for (const TestCa* ca : {&one, &two}) {
    EXPECT_EQ(verdict_on(bundle, ca->issue(old)), "expired");
    EXPECT_EQ(verdict_on(bundle, ca->issue({.common_name = "web", .server_auth = true})),
              "wrong_purpose");
  }
  // The intermediate that is no CA did not issue this leaf: what is wrong is the other's date.
  const auto no_ca = one.false_intermediate({.common_name = "Issuing"});
  const auto late =
      one.intermediate({.common_name = "Issuing", .not_before = now - 1000, .not_after = now - 10});
  EXPECT_EQ(verdict_on(bundle, sent_with(late.issue({}), {no_ca.der(), late.der()})), "expired");
}

TEST(PathBuilding, HoldsAnAnchorToItsLimitsLikeAnIntermediate) {
  const TestCa root(CertificateSpec{.common_name = "Root", .path_length = 0});
  EXPECT_EQ(verdict_on(root.certificate_pem(), root.issue({})), "CN=Root");
  EXPECT_EQ(verdict_on(root.certificate_pem(), root.intermediate("Below").issue({})),
            "invalid_issuer");
  const TestCa servers(CertificateSpec{.common_name = "Servers", .server_auth = true});
  EXPECT_EQ(verdict_on(servers.certificate_pem(), servers.issue({})), "wrong_purpose");
}

TEST(PathBuilding, BelievesAnAnchorThatIsPresentedItself) {
  const TestCa self(CertificateSpec{.common_name = "self"});
  EXPECT_EQ(verdict_on(self.certificate_pem(), Identity{self.key(), self.der(), {}}), "CN=self");
  const TestCa issuing = TestCa("Root").intermediate("Issuing");
  EXPECT_EQ(verdict_on(issuing.certificate_pem(), Identity{issuing.key(), issuing.der(), {}}),
            "CN=Issuing");
}

TEST(PathBuilding, ServesUpstreamsAlike) {
  const TestCa one("Partner CA"), two("Partner CA");
  const std::string bundle = one.certificate_pem() + two.certificate_pem();
  const Expectation host{Expectation::Role::server, "api.example"};
  for (const TestCa* ca : {&one, &two}) {
    const auto leaf = ca->issue({.common_name = "x", .dns_names = {"api.example"}});
    EXPECT_EQ(verdict_on(bundle, leaf, host), "CN=Partner CA");
    const auto other = ca->issue({.common_name = "api.example", .dns_names = {"x.example"}});
    EXPECT_EQ(verdict_on(bundle, other, host), "wrong_name");
  }
}

// ---- against chains that were made to be searched

TEST(PathBuilding, VerifiesABoundedNumberOfSignatures) {
  // Two CAs that have certified each other again and again: every order of them is a path by name
  // and signature, and none ends at the CAs of these names that are trusted.
  const TestCa a("A"), b("B");
  std::vector<std::string> mesh;
  for (int i = 0; i < 5; ++i) {
    mesh.push_back(b.certify({.common_name = "A", .is_ca = true}, a.key()).der);
    if (i < 4) mesh.push_back(a.certify({.common_name = "B", .is_ca = true}, b.key()).der);
  }
  const std::string trusted = TestCa("A").certificate_pem() + TestCa("B").certificate_pem();
  std::string text;
  EXPECT_EQ(verdict_on(trusted, sent_with(a.issue({.common_name = "app"}), mesh), kClient, &text),
            "chain_too_long");
  EXPECT_THAT(text, HasSubstr(" signatures were verified, and no path to a CA was found"));
  // Where one of the two is trusted, the same certificates do no harm.
  EXPECT_EQ(verdict_on(a.certificate_pem(), sent_with(a.issue({.common_name = "app"}), mesh)),
            "CN=A");
  EXPECT_EQ(verdict_on(b.certificate_pem(), sent_with(a.issue({.common_name = "app"}), mesh)),
            "CN=B");
}

TEST(PathBuilding, TakesABoundedNumberOfSteps) {
  // No path by name leads anywhere.
  const TestCa a("A"), b("B");
  std::vector<std::string> mesh;
  for (int i = 0; i < 5; ++i) {
    mesh.push_back(b.certify({.common_name = "A", .is_ca = true}, a.key()).der);
    if (i < 4) mesh.push_back(a.certify({.common_name = "B", .is_ca = true}, b.key()).der);
  }
  EXPECT_EQ(verdict_on(TestCa("C").certificate_pem(), sent_with(a.issue({}), mesh)),
            "chain_too_long");
}

TEST(PathBuilding, OneCaMayStandInAsManyEntriesAsThereAre) {
  const TestCa ca("CA");
  TrustStoreSpec spec;
  for (std::size_t i = 0; i < TrustStore::kMaxEntries; ++i) {
    TrustEntrySpec& entry = spec.entries.emplace_back();
    entry.id = std::to_string(i);
    // Others of its name, and itself under another identity.
    entry.pem = i % 2 == 0 ? TestCa("CA").certificate_pem() : ca.certificate_pem();
    entry.identity.common_names = {*crypto::NamePattern::parse("client-" + entry.id)};
  }
  const auto loaded = TrustStore::make(std::move(spec), wall_now());
  const auto leaf = ca.issue({.common_name = "client-255"});
  const PresentedDer presented(leaf.der, leaf.issuers_der);
  const auto found = check_path(presented.chain(), *loaded->store, kClient, wall_now());
  ASSERT_EQ(found.index(), 0U) << std::get<CertificateRefusal>(found).text;
  EXPECT_EQ(std::get<GoodPath>(found).voucher.entry, "255");
}

bssl::UniquePtr<X509> parse(const std::string& der) {
  const std::uint8_t* data = crypto::data_of(der);
  return bssl::UniquePtr<X509>(d2i_X509(nullptr, &data, static_cast<long>(der.size())));
}

TEST(SignatureBook, VerifiesEachPairOnceAndNoMoreThanItMay) {
  for (const auto& [origin, most] :
       {std::pair{SignedBy::presented, SignatureBook::kMostByPresented},
        std::pair{SignedBy::anchor, SignatureBook::kMostByAnchors}}) {
    const TestCa ca("CA");
    const auto spki = crypto::view_certificate(ca.der())->spki_sha256;
    const auto issuer = parse(ca.der());
    const IssuerKey key{issuer.get(), spki};
    const auto first = parse(ca.issue({}).der);
    SignatureBook book;
    EXPECT_EQ(book.known(first.get(), spki), Signature::not_asked);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(book.check(first.get(), key, origin), Signature::good);
    EXPECT_EQ(book.verified(), 1U);
    const std::string wrong = TestCa("CA").issue({}).der;
    std::vector<bssl::UniquePtr<X509>> others;
    for (std::size_t i = 1; i < most; ++i) {
      others.push_back(parse(wrong));
      EXPECT_EQ(book.check(others.back().get(), key, origin), Signature::bad);
    }
    const auto more = parse(ca.issue({}).der);
    EXPECT_EQ(book.check(more.get(), key, origin), Signature::not_asked);
    EXPECT_EQ(book.check(first.get(), key, origin), Signature::good);
    EXPECT_EQ(book.verified(), most);
    const auto other = origin == SignedBy::anchor ? SignedBy::presented : SignedBy::anchor;
    EXPECT_EQ(book.check(more.get(), key, other), Signature::good);
  }
}

}  // namespace
}  // namespace sallyport::tls
