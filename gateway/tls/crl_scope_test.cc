// Which certificates a revocation list counts for: its issuer's name and key, and its
// issuingDistributionPoint (RFC 5280 section 6.3.3).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/crypto/certificate.h"
#include "gateway/tls/chain_verifier.h"
#include "gateway/tls/presented_der.h"
#include "tests/support/test_crl.h"

namespace sallyport::tls {
namespace {

using test::CertificateSpec;
using test::crl_points_of;
using test::Identity;
using test::issuing_point;
using test::TestCa;
using test::TestCrl;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kPoint[] = "http://crl.example/1.crl";
constexpr char kOther[] = "http://crl.example/2.crl";

const TestCa& ca() {
  static const TestCa instance("Client CA");
  return instance;
}

std::int64_t now() { return wall_now().unix_seconds(); }

std::string serial_of(const Identity& identity) {
  return crypto::view_certificate(identity.der)->serial;
}

Result<LoadedTrustStore> make(const std::vector<TestCa>& cas, const std::vector<std::string>& lists,
                              CrlFailure absent = CrlFailure::hard_fail,
                              CrlFailure expired = CrlFailure::hard_fail) {
  TrustStoreSpec spec;
  spec.name = "partners";
  spec.crl.emplace();
  spec.crl->absent = absent;
  spec.crl->expired = expired;
  for (const TestCa& each : cas) {
    TrustEntrySpec entry;
    entry.id = "ca" + std::to_string(spec.entries.size());
    entry.pem = each.certificate_pem();
    spec.entries.push_back(std::move(entry));
  }
  for (const std::string& list : lists) {
    spec.crl->files.push_back({"/crls/" + std::to_string(spec.crl->files.size()) + ".crl",
                               std::make_shared<const std::string>(list)});
  }
  return TrustStore::make(std::move(spec), wall_now());
}

std::shared_ptr<const TrustStore> store(const std::vector<TestCa>& cas,
                                        const std::vector<std::string>& lists,
                                        CrlFailure absent = CrlFailure::hard_fail) {
  auto made = make(cas, lists, absent);
  EXPECT_TRUE(made) << made.error().text;
  return made ? made->store : nullptr;
}

ChainVerifier::Verdict verify(const TrustStore& by, const Identity& identity,
                              std::int64_t at = now()) {
  const PresentedDer presented(identity.der, identity.issuers_der);
  return ChainVerifier().verify(presented.chain(), by, {}, {at * 1000});
}

std::string told(const TrustStore& by, const Identity& identity, std::int64_t at = now()) {
  const auto verdict = verify(by, identity, at);
  const auto* refusal = std::get_if<CertificateRefusal>(&verdict);
  return refusal == nullptr ? "good"
                            : std::string(to_string(refusal->reason)) + ": " + refusal->text;
}

std::string list_for(const test::IssuingPoint& point, std::vector<std::string> serials = {}) {
  return der_of(TestCrl{.serials = std::move(serials), .issuing_point = issuing_point(point)},
                ca());
}

Identity client_at(const std::vector<test::CrlPoint>& points) {
  return ca().issue({.crl_points = crl_points_of(points)});
}

// ---- the issuer's name and key

TEST(CrlIssuer, IsANameAndAKey) {
  const TestCa renamed = ca().renewed({.common_name = "Client CA 2"});
  const Identity old_bad = ca().issue({}), new_bad = renamed.issue({});
  const auto older = [](std::vector<std::string> serials) {
    return TestCrl{.serials = std::move(serials), .this_update = now() - 5000};
  };
  const auto newer = [](std::vector<std::string> serials) {
    return TestCrl{.serials = std::move(serials), .this_update = now() - 100};
  };
  for (const bool is_old_newer : {false, true}) {
    const auto of_old = [&](auto serials) {
      return is_old_newer ? newer(serials) : older(serials);
    };
    const auto of_new = [&](auto serials) {
      return is_old_newer ? older(serials) : newer(serials);
    };
    const auto both =
        store({ca(), renamed}, {der_of(of_old(std::vector{serial_of(old_bad)}), ca()),
                                der_of(of_new(std::vector{serial_of(new_bad)}), renamed)});
    EXPECT_THAT(told(*both, old_bad), HasSubstr("revoked: serial"));
    EXPECT_THAT(told(*both, new_bad), HasSubstr("revoked: serial"));
    EXPECT_EQ(told(*both, ca().issue({})), "good");
    EXPECT_EQ(told(*both, renamed.issue({})), "good");
  }
}

TEST(CrlIssuer, IsNotAnotherNameOfTheSameKey) {
  const TestCa renamed = ca().renewed({.common_name = "Client CA 2"});
  const Identity client = ca().issue({});
  const std::vector<std::string> lists{der_of(TestCrl{}, renamed)};
  EXPECT_EQ(
      told(*store({ca(), renamed}, lists), client),
      "crl_absent: there is no revocation list of CN=Client CA; that of CN=Client CA 2 has the "
      "same key, but is for certificates of that name");
  EXPECT_EQ(told(*store({ca(), renamed}, lists, CrlFailure::soft_fail), client), "good");
}

TEST(CrlIssuer, IsTheSameInCapitals) {
  const TestCa shouting = ca().renewed({.common_name = "CLIENT CA"});
  const Identity bad = ca().issue({});
  const auto listed =
      store({ca(), shouting}, {der_of(TestCrl{.serials = {serial_of(bad)}}, shouting)});
  EXPECT_THAT(told(*listed, bad), HasSubstr("revoked: serial"));
  EXPECT_EQ(told(*listed, ca().issue({})), "good");
}

// ---- issuingDistributionPoint

TEST(CrlScope, CoversTheCertificatesOfItsDistributionPoint) {
  const auto listed = store({ca()}, {list_for({.uris = {kPoint}, .users = true})});
  EXPECT_EQ(told(*listed, client_at({{.uris = {kPoint}}})), "good");
  EXPECT_EQ(told(*listed, client_at({{.uris = {kOther, kPoint}}})), "good");
  EXPECT_EQ(told(*listed, client_at({{.uris = {kOther}}, {.uris = {kPoint}}})), "good");
  for (const auto& points :
       std::vector<std::vector<test::CrlPoint>>{{{.uris = {kOther}}},
                                                {{.uris = {"http://CRL.example/1.crl"}}},
                                                {{.uris = {kPoint}, .some_reasons = true}},
                                                {{.uris = {kPoint}, .other_issuer = true}}}) {
    EXPECT_THAT(
        told(*listed, client_at(points)),
        AllOf(HasSubstr("crl_absent: there is no revocation list of CN=Client CA that covers"),
              HasSubstr("0.crl covers certificates of users, not of CAs, that name the "
                        "distribution point http://crl.example/1.crl")));
  }
  EXPECT_THAT(told(*listed, ca().issue({})), HasSubstr("crl_absent"));
}

TEST(CrlScope, IsTheSameWhereItIsNotCritical) {
  const std::string list = der_of(
      TestCrl{.issuing_point = issuing_point({.uris = {kPoint}}), .is_critical = false}, ca());
  EXPECT_EQ(told(*store({ca()}, {list}), client_at({{.uris = {kPoint}}})), "good");
  EXPECT_THAT(told(*store({ca()}, {list}), client_at({{.uris = {kOther}}})),
              HasSubstr("crl_absent"));
}

TEST(CrlScope, MayBeNamedRelativeToTheIssuer) {
  const auto listed = store({ca()}, {list_for({.relative_common_name = "CRL1"})});
  EXPECT_EQ(told(*listed, client_at({{.relative_common_name = "CRL1"}})), "good");
  EXPECT_THAT(told(*listed, client_at({{.relative_common_name = "CRL2"}})),
              HasSubstr("crl_absent"));
}

TEST(CrlScope, TellsUsersFromCas) {
  const TestCa between = ca().intermediate("Between");
  const Identity client = ca().issue({}), below = between.issue({});
  const std::string users = list_for({.users = true}), cas = list_for({.cas = true});
  EXPECT_EQ(told(*store({ca()}, {users}), client), "good");
  EXPECT_THAT(told(*store({ca()}, {cas}), client), HasSubstr("0.crl covers CA certificates"));
  EXPECT_EQ(told(*store({ca()}, {users, cas}), client), "good");
  // `between` is an anchor for its list, and its own certificate is judged where the root vouches.
  const std::string own = der_of(TestCrl{}, between);
  const auto chain = [&](const std::vector<std::string>& lists) {
    TrustStoreSpec store;
    store.name = "partners";
    TrustEntrySpec entry;
    entry.id = "root";
    entry.pem = ca().certificate_pem();
    store.entries = {entry};
    store.crl.emplace();
    store.crl->issuers_pem = between.certificate_pem();
    for (const auto& list : lists) {
      store.crl->files.push_back({"x.crl", std::make_shared<const std::string>(list)});
    }
    return TrustStore::make(store, wall_now())->store;
  };
  EXPECT_EQ(told(*chain({own, cas}), below), "good");
  EXPECT_THAT(told(*chain({own, users}), below), HasSubstr("crl_absent"));
  EXPECT_EQ(told(*chain({own, users, cas}), below), "good");
}

// An older list for some certificates is not displaced by a newer one for others.
TEST(CrlScope, KeepsTheNewestOfEachScope) {
  const Identity one = client_at({{.uris = {kPoint}}}), other = client_at({{.uris = {kOther}}});
  const auto at = [&](const char* point, std::int64_t when, std::vector<std::string> serials) {
    return der_of(TestCrl{.serials = std::move(serials),
                          .this_update = when,
                          .issuing_point = issuing_point({.uris = {point}})},
                  ca());
  };
  const auto listed = store({ca()}, {at(kPoint, now() - 900, {}), at(kOther, now() - 100, {}),
                                     at(kPoint, now() - 800, {serial_of(one)})});
  EXPECT_EQ(listed->crls()->lists().size(), 2U);
  EXPECT_THAT(told(*listed, one), HasSubstr("revoked"));
  EXPECT_EQ(told(*listed, other), "good");
}

// Serial numbers are unique: whichever list of its issuer has it speaks against a certificate.
TEST(CrlScope, DoesNotHideARevocation) {
  const Identity bad = client_at({{.uris = {kPoint}}});
  const auto listed =
      store({ca()}, {list_for({.uris = {kPoint}}), list_for({.uris = {kOther}}, {serial_of(bad)})});
  EXPECT_THAT(told(*listed, bad), HasSubstr("revoked"));
}

TEST(CrlScope, AStaleListCountsWhereNoFreshOneCovers) {
  const auto stale = der_of(TestCrl{.this_update = now() - 900,
                                    .next_update = now() - 100,
                                    .issuing_point = issuing_point({.users = true})},
                            ca());
  EXPECT_THAT(told(*store({ca()}, {stale}), ca().issue({})), HasSubstr("crl_expired"));
  EXPECT_EQ(told(*store({ca()}, {stale, der_of(TestCrl{}, ca())}), ca().issue({})), "good");
}

// ---- thisUpdate

TEST(CrlTime, OfTheFutureIsRefused) {
  const auto made = make({ca()}, {der_of(TestCrl{.this_update = now() + 3600}, ca())});
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().text,
              AllOf(HasSubstr("/crls/0.crl: the revocation list of CN=Client CA is "
                              "from the future"),
                    HasSubstr("clock")));
  EXPECT_TRUE(make({ca()}, {der_of(TestCrl{.this_update = now() + 60}, ca())}));
}

// The clock may be set back after a list was loaded.
TEST(CrlTime, IsAskedForWhenever) {
  const auto listed = store({ca()}, {der_of(TestCrl{.this_update = now() - 60}, ca())});
  const Identity client = ca().issue({.not_before = now() - 5000});
  EXPECT_EQ(told(*listed, client), "good");
  EXPECT_THAT(
      told(*listed, client, now() - 2000),
      HasSubstr("crl_absent: there is no revocation list of CN=Client CA yet: 0.crl is from "
                "the future"));
  ChainVerifier verifier;
  const PresentedDer presented(client.der, {});
  const auto judged = [&](std::int64_t at) {
    return verifier.verify(presented.chain(), *listed, {}, {at * 1000}).index() == 0;
  };
  EXPECT_TRUE(judged(now()));
  EXPECT_FALSE(judged(now() - 2000)) << "a remembered verdict holds from thisUpdate on";
}

}  // namespace
}  // namespace sallyport::tls
