#include "gateway/tls/chain_verifier.h"

#include <gtest/gtest.h>

#include "gateway/tls/test_peer.h"

namespace sallyport::tls {
namespace {

using namespace testing;  // NOLINT: the room's own helpers
using test::Identity;
using test::TestCa;

const TestCa& ca() {
  static const TestCa instance("Client CA");
  return instance;
}

struct Chain {
  std::vector<bssl::UniquePtr<CRYPTO_BUFFER>> owned;
  std::vector<CRYPTO_BUFFER*> pointers;

  explicit Chain(const Identity& identity) {
    add(identity.der);
    for (const auto& der : identity.issuers_der) add(der);
  }
  void add(const std::string& der) {
    owned.emplace_back(CRYPTO_BUFFER_new(crypto::data_of(der), der.size(), nullptr));
    pointers.push_back(owned.back().get());
  }
};

bool is_good(const ChainVerifier::Verdict& verdict) { return verdict.index() == 0; }
WallTime after(std::int64_t seconds) { return {wall_now().unix_ms + seconds * 1000}; }

TEST(ChainVerifier, RemembersAGoodChain) {
  ChainVerifier verifier;
  const auto store = trust("a", ca().certificate_pem());
  const Chain chain(ca().issue({}));
  const auto first = verifier.verify(chain.pointers, *store, {}, wall_now());
  const auto second = verifier.verify(chain.pointers, *store, {}, wall_now());
  ASSERT_TRUE(is_good(first) && is_good(second));
  EXPECT_EQ(verifier.hits(), 1U);
  EXPECT_EQ(std::get<0>(first), std::get<0>(second));
}

TEST(ChainVerifier, DoesNotRememberARefusal) {
  ChainVerifier verifier;
  const auto store = trust("a", ca().certificate_pem());
  const Chain chain(TestCa("Stranger").issue({}));
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(is_good(verifier.verify(chain.pointers, *store, {}, wall_now())));
  }
  EXPECT_EQ(verifier.hits(), 0U);
  EXPECT_EQ(verifier.cached(), 0U);
}

TEST(ChainVerifier, JudgesARememberedChainByTheTimeOfEachUse) {
  const std::int64_t now = wall_now().unix_seconds();
  ChainVerifier verifier;
  const auto store = trust("a", ca().certificate_pem());
  // The issuer ends before the leaf does.
  const auto issuing =
      ca().intermediate({.common_name = "Issuing", .not_before = now - 50, .not_after = now + 100});
  const Chain chain(issuing.issue({}));
  ASSERT_TRUE(is_good(verifier.verify(chain.pointers, *store, {}, after(0))));
  ASSERT_TRUE(is_good(verifier.verify(chain.pointers, *store, {}, after(90))));
  EXPECT_EQ(verifier.hits(), 1U);
  for (const std::int64_t outside : {110, -60}) {
    const auto verdict = verifier.verify(chain.pointers, *store, {}, after(outside));
    ASSERT_FALSE(is_good(verdict)) << outside;
    EXPECT_EQ(std::get<1>(verdict).reason,
              outside > 0 ? RefusalReason::expired : RefusalReason::not_yet_valid);
  }
  EXPECT_EQ(verifier.hits(), 1U);
}

TEST(ChainVerifier, RemembersForOneStoreAndOneExpectationOnly) {
  ChainVerifier verifier;
  const auto store = trust("a", ca().certificate_pem());
  const auto other = trust("a", TestCa("Other").certificate_pem());
  const Chain chain(ca().issue({.dns_names = {"x.example"}}));
  const Expectation client{};
  const Expectation host{Expectation::Role::server, "x.example"};
  const Expectation elsewhere{Expectation::Role::server, "y.example"};
  ASSERT_TRUE(is_good(verifier.verify(chain.pointers, *store, client, wall_now())));
  EXPECT_FALSE(is_good(verifier.verify(chain.pointers, *other, client, wall_now())));
  ASSERT_TRUE(is_good(verifier.verify(chain.pointers, *store, host, wall_now())));
  EXPECT_FALSE(is_good(verifier.verify(chain.pointers, *store, elsewhere, wall_now())));
  EXPECT_EQ(verifier.hits(), 0U);
}

TEST(ChainVerifier, TakesTheWholeChainForTheKey) {
  ChainVerifier verifier;
  const auto store = trust("a", ca().certificate_pem());
  const auto issuing = ca().intermediate("Issuing");
  auto identity = issuing.issue({});
  ASSERT_TRUE(is_good(verifier.verify(Chain(identity).pointers, *store, {}, wall_now())));
  identity.issuers_der.clear();
  EXPECT_FALSE(is_good(verifier.verify(Chain(identity).pointers, *store, {}, wall_now())));
}

TEST(ChainVerifier, ForgetsTheLeastRecentlyUsed) {
  ChainVerifier verifier(2);
  const auto store = trust("a", ca().certificate_pem());
  const std::vector<Chain> chains = [] {
    std::vector<Chain> made;
    for (int i = 0; i < 3; ++i) made.emplace_back(ca().issue({}));
    return made;
  }();
  const auto use = [&](std::size_t i) {
    const auto before = verifier.hits();
    EXPECT_TRUE(is_good(verifier.verify(chains[i].pointers, *store, {}, wall_now())));
    EXPECT_LE(verifier.cached(), 2U);
    return verifier.hits() > before;
  };
  EXPECT_FALSE(use(0));
  EXPECT_FALSE(use(1));
  EXPECT_TRUE(use(0));
  EXPECT_FALSE(use(2));  // pushes 1 out
  EXPECT_TRUE(use(0));
  EXPECT_FALSE(use(1));
}

TEST(ChainVerifier, RefusesAnEmptyChain) {
  ChainVerifier verifier;
  EXPECT_FALSE(is_good(verifier.verify({}, *trust("a", ca().certificate_pem()), {}, wall_now())));
}

}  // namespace
}  // namespace sallyport::tls
