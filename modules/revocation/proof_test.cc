#include "modules/revocation/proof.h"

#include <gtest/gtest.h>

namespace sallyport::revocation {
namespace {

const RedisName kName{Unit::subject, "", "user-1"};

class ProofOfRedis : public testing::Test {
 protected:
  // end ends a proof after which the server says the same as before, but for `change`.
  Proof::Outcome end(std::int64_t evicted = 0) {
    RedisServerState after = server;
    after.evicted += evicted;
    auto outcome = proof.end(server, after);
    server = after;
    return outcome;
  }
  Proof::Outcome prove() {
    EXPECT_TRUE(proof.begin());
    return end();
  }

  Proof proof;
  RedisServerState server;
};

TEST_F(ProofOfRedis, TakesAKeyThatIsGoneForDeleted) {
  ASSERT_TRUE(proof.note_gone("k", kName, false));
  const auto outcome = prove();
  ASSERT_EQ(outcome.deleted.size(), 1U);
  EXPECT_EQ(outcome.deleted[0].value, "user-1");
  EXPECT_TRUE(outcome.ended.empty());
  EXPECT_FALSE(outcome.has_lost);
  EXPECT_TRUE(prove().deleted.empty()) << "it is told once";
}

TEST_F(ProofOfRedis, TellsWhatHasEndedFromWhatWasDeleted) {
  ASSERT_TRUE(proof.note_gone("k", kName, true));
  const auto outcome = prove();
  EXPECT_EQ(outcome.ended.size(), 1U);
  EXPECT_TRUE(outcome.deleted.empty());
}

TEST_F(ProofOfRedis, JudgesOnlyWhatWasGoneWhenItBegan) {
  ASSERT_TRUE(proof.begin());
  ASSERT_TRUE(proof.note_gone("k", kName, false));
  EXPECT_TRUE(end().deleted.empty());
  EXPECT_EQ(prove().deleted.size(), 1U);
}

TEST_F(ProofOfRedis, ForgetsAKeyThatIsThereAgain) {
  proof.note_gone("k", kName, false);
  proof.note_there("k");
  EXPECT_TRUE(prove().deleted.empty());
  proof.note_gone("k", kName, false);
  ASSERT_TRUE(proof.begin());
  proof.note_there("k");
  EXPECT_TRUE(end().deleted.empty());
}

TEST_F(ProofOfRedis, SaysThatAnotherMustFollow) {
  ASSERT_TRUE(proof.begin());
  EXPECT_FALSE(proof.begin());
  EXPECT_TRUE(proof.is_under_way());
  EXPECT_TRUE(end().must_follow);
  EXPECT_FALSE(proof.is_under_way());
  EXPECT_FALSE(prove().must_follow);
}

TEST_F(ProofOfRedis, DoubtsThreeProofsAfterAnEviction) {
  proof.note_gone("k", kName, false);
  ASSERT_TRUE(proof.begin());
  const auto first = end(1);
  EXPECT_TRUE(first.deleted.empty());
  EXPECT_TRUE(first.has_lost);
  EXPECT_EQ(first.doubt, Loss::eviction);
  EXPECT_EQ(prove().doubt, Loss::eviction);
  proof.note_gone("k", kName, false);
  EXPECT_TRUE(prove().has_lost);
  proof.note_gone("k", kName, false);
  EXPECT_EQ(prove().deleted.size(), 1U);
}

TEST_F(ProofOfRedis, DoubtsAServerWhoseClockHasJumped) {
  server.clock_us = 1'000'000;
  server.seen = MonoTime{1'000'000};
  RedisServerState after = server;
  after.clock_us += 3'600'000'000;
  after.seen.us += 1'000'000;
  proof.note_gone("k", kName, true);
  ASSERT_TRUE(proof.begin());
  const auto outcome = proof.end(server, after);
  EXPECT_EQ(outcome.doubt, Loss::clock);
  EXPECT_TRUE(outcome.ended.empty());
}

TEST_F(ProofOfRedis, TakesNothingForDeletedFromAFlushToTheProofAfterTheNextSync) {
  proof.note_gone("before", kName, false);
  proof.on_flushed();
  EXPECT_FALSE(proof.note_gone("after", kName, false));
  auto outcome = prove();
  EXPECT_TRUE(outcome.deleted.empty());
  EXPECT_TRUE(outcome.has_lost);
  EXPECT_EQ(outcome.doubt, std::nullopt);
  ASSERT_TRUE(proof.begin());
  proof.on_synced();
  end();
  EXPECT_FALSE(proof.note_gone("k", kName, false)) << "that proof began before the sync ended";
  prove();
  EXPECT_TRUE(proof.note_gone("k", kName, false));
  EXPECT_EQ(prove().deleted.size(), 1U);
}

TEST_F(ProofOfRedis, ForgetsEverythingWithTheLink) {
  proof.note_gone("judged", kName, false);
  ASSERT_TRUE(proof.begin());
  proof.note_gone("later", kName, false);
  proof.begin();
  proof.abandon();
  EXPECT_FALSE(proof.is_under_way());
  const auto outcome = prove();
  EXPECT_TRUE(outcome.deleted.empty());
  EXPECT_FALSE(outcome.must_follow);
}

}  // namespace
}  // namespace sallyport::revocation
