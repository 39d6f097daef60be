#include "modules/revocation/redis_server_state.h"

#include <gtest/gtest.h>

namespace sallyport::revocation {
namespace {

RedisServerState state(const std::string& run, const std::string& more = "",
                       const std::string& server = "a:1") {
  return RedisServerState::parse(server, "# Server\r\nrun_id:" + run + "\r\n" + more);
}

TEST(RedisServerState, ReadsInfo) {
  const auto read = state("r1",
                          "role:master\r\nmaster_replid:abc\r\nmaster_replid2:def\r\n"
                          "master_repl_offset:120\r\nsecond_repl_offset:81\r\nevicted_keys:3\r\n");
  EXPECT_EQ(read.run_id, "r1");
  EXPECT_TRUE(read.is_master);
  EXPECT_EQ(read.replication_id, "abc");
  EXPECT_EQ(read.former_id, "def");
  EXPECT_EQ(read.offset, 120);
  EXPECT_EQ(read.former_until, 81);
  EXPECT_EQ(read.evicted, 3);
  EXPECT_FALSE(state("r1", "role:slave\r\n").is_master);
  EXPECT_EQ(RedisServerState::parse("", "").run_id, "");
}

TEST(RedisServerState, SeesAClockThatJumps) {
  const auto at = [](std::int64_t clock_s, std::int64_t seen_s, const std::string& run = "r1") {
    auto read = state(run, "server_time_usec:" + std::to_string(clock_s * 1'000'000) + "\r\n");
    read.seen = {seen_s * 1'000'000};
    return read;
  };
  EXPECT_FALSE(has_clock_jumped(at(1000, 10), at(1001, 11)));
  EXPECT_FALSE(has_clock_jumped(at(1000, 10), at(1003, 11))) << "an answer that was late";
  EXPECT_TRUE(has_clock_jumped(at(1000, 10), at(1004, 11)));
  EXPECT_TRUE(has_clock_jumped(at(1000, 10), at(400, 11)));
  EXPECT_FALSE(has_clock_jumped(at(1000, 10), at(4000, 11, "r2"))) << "another server";
  EXPECT_FALSE(has_clock_jumped(state("r1"), at(4000, 11))) << "it does not say";
}

TEST(RedisServerState, TellsWhyRevocationsMayBeMissing) {
  const auto before = state("r1", "master_replid:abc\r\nmaster_repl_offset:100\r\n");
  EXPECT_EQ(loss_between(std::nullopt, before), Loss::away);
  EXPECT_EQ(loss_between(before, state("r1")), Loss::away);
  EXPECT_EQ(loss_between(before, state("r2")), Loss::restart);
  EXPECT_EQ(loss_between(before, state("r2", "", "b:2")), Loss::failover);
  const std::string heir = "master_replid:new\r\nmaster_replid2:abc\r\n";
  EXPECT_EQ(loss_between(before, state("r2", heir + "second_repl_offset:101\r\n", "b:2")),
            Loss::failover);
  EXPECT_EQ(loss_between(before, state("r2", heir + "second_repl_offset:100\r\n", "b:2")),
            Loss::lag);
}

}  // namespace
}  // namespace sallyport::revocation
