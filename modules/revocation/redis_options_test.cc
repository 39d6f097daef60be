#include "modules/revocation/redis_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modules/revocation/revocation.h"
#include "tests/support/policy_harness.h"
#include "tests/support/temp_dir.h"

namespace sallyport::revocation {
namespace {

using testing::HasSubstr;

// errors_of loads the module with these options beside a store; nothing connects to anything.
std::string errors_of(const std::string& yaml) {
  const test::TempDir folder;
  test::PolicyHarness harness(module);
  harness.folder(folder.path()).shared("store: { path: store }\n" + yaml);
  const bool is_loaded = harness.load("");
  return (is_loaded ? "loaded " : "refused ") + harness.errors();
}

TEST(RedisOptions, AreChecked) {
  const std::string redis = "redis: { servers: [127.0.0.1:1] }\n";
  EXPECT_EQ(errors_of(redis), "loaded ");
  EXPECT_EQ(errors_of(redis + "redis_keys: { prefix: 'x:', prove_every: 5s, foreign: ["
                              "{pattern: 'deny:{jti}'}, {pattern: 'u:{subject}', value: cutoff}]}"),
            "loaded ");
  EXPECT_THAT(errors_of("redis: { servers: [10.0.0.1:6379] }"), HasSubstr("set `tls`"));
  EXPECT_THAT(errors_of("redis: {}"), HasSubstr("needs either `servers` or `sentinel`"));
  EXPECT_THAT(errors_of(redis + "redis_keys: { prefix: 'x' }"), HasSubstr("from 2 to 100"));
  EXPECT_THAT(errors_of(redis + "redis_keys: { foreign: [{pattern: 'deny:{token}'}] }"),
              HasSubstr("placeholder {token}"));
  EXPECT_THAT(errors_of(redis + "redis_keys: { foreign: [{value: cutoff}] }"),
              HasSubstr("pattern"));
  EXPECT_THAT(errors_of(redis + "redis_keys: { foreign: [{pattern: 'deny:{jti}'}, "
                                "{pattern: 'deny:client:{client}'}] }"),
              HasSubstr("loaded"));
  EXPECT_THAT(errors_of(redis + "redis_keys: { foreign: [{pattern: 'deny:{jti}'}, "
                                "{pattern: 'deny:{client}'}] }"),
              HasSubstr("can match a key that deny:{jti} matches, too"));
  EXPECT_THAT(
      errors_of(redis + "redis_keys: { foreign: [{pattern: 'sallyport:revoked:old:{jti}'}] }"),
      HasSubstr("begins with our own prefix sallyport:revoked:"));
  EXPECT_THAT(errors_of(redis + "redis_keys: { prove_every: 1ms }"), HasSubstr("refused"));
}

TEST(RedisOptions, TellFollowersApart) {
  RedisKeySettings keys;
  RedisFollowing one{{}, RedisKeys(*keys.prefix, {})};
  RedisFollowing two = one;
  EXPECT_EQ(following_key(one, keys), following_key(two, keys));
  two.max_entries = 5;
  EXPECT_NE(following_key(one, keys), following_key(two, keys));
  RedisKeySettings others = keys;
  others.foreign.push_back({{"deny:{jti}", {}}, ForeignValue::presence});
  EXPECT_NE(following_key(one, keys), following_key(one, others));
  RedisKeySettings with_cutoff = others;
  with_cutoff.foreign[0].value = ForeignValue::cutoff;
  EXPECT_NE(following_key(one, others), following_key(one, with_cutoff));
}

}  // namespace
}  // namespace sallyport::revocation
