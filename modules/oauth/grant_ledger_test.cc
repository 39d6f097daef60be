#include "modules/oauth/grant_ledger.h"

#include <gtest/gtest.h>

#include "tests/support/policy_harness.h"
#include "tests/support/temp_dir.h"

namespace sallyport::oauth {
namespace {

// Whose grant is forgotten cannot be refused when it refreshes: a clock that jumps forgets none.
TEST(GrantLedger, ForgetsOnlyByAClockThatIsBelieved) {
  const test::TempDir dir;
  event::Loop loop;
  test::TestBroadcast broadcast;
  ClockReading now = read_clocks();
  GrantLedger ledger(dir.path() + "/grants", 16 * 1024 * 1024,
                     Clock{[&] { return now; }, Seconds(600)});
  ledger.start(loop, broadcast);
  const auto pass = [&](Seconds boot, Seconds wall) {
    now.boot.us += boot.count() * 1'000'000;
    now.wall.unix_ms += wall.count() * 1000;
  };
  const auto is_known = [&] {
    const auto grant = ledger.find("refresh");
    return grant && grant->has_value();
  };
  LearnedGrant learned;
  learned.keys = {"access", "refresh"};
  learned.grant.subject = "u";
  learned.grant.access_ends = now.wall.unix_seconds() + 60;
  ASSERT_TRUE(ledger.learn(learned, {Seconds(1000), 10}));
  EXPECT_TRUE(is_known());
  pass(Seconds(601), Seconds(601));
  EXPECT_TRUE(is_known());
  pass(Seconds(1), Seconds(86'400));
  EXPECT_TRUE(is_known()) << "it is ahead";
  pass(Seconds(1), Seconds(-86'400));
  EXPECT_TRUE(is_known());
  pass(Seconds(601), Seconds(601));
  EXPECT_FALSE(is_known()) << "its time is over";
}

TEST(GrantLedger, OpensAStoreThatIsThereAlready) {
  const test::TempDir dir;
  const std::string folder = dir.path() + "/grants";
  const Grant grant{"user-1", "plaid", "consent-1", "jti-1", 1, 2, 4'000'000'000};
  {
    auto store = clients::LmdbStore::open({folder, 16 * 1024 * 1024});
    ASSERT_TRUE(store);
    ASSERT_TRUE((*store)->put(grant_key("refresh-1"), encode_grant(grant)));
  }
  event::Loop loop;
  test::TestBroadcast broadcast;
  GrantLedger ledger(folder, 16 * 1024 * 1024);
  ledger.start(loop, broadcast);
  EXPECT_EQ(ledger.not_ready(), std::nullopt);
  const auto found = ledger.find(grant_key("refresh-1"));
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, grant);
}

}  // namespace
}  // namespace sallyport::oauth
