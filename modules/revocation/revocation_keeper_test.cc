#include "modules/revocation/keeper_fixture.h"

namespace sallyport::revocation {
namespace {

using Keeper = KeeperFixture;
using testing::HasSubstr;
using testing::StartsWith;

TEST_F(Keeper, ReadsItsStoreAtTheStart) {
  start();
  EXPECT_THAT(order("revoke", R"({"unit":"jti","value":"a"})"), StartsWith("200 "));
  start();
  EXPECT_TRUE(keeper->set()->is_ready());
  EXPECT_FALSE(keeper->not_ready());
  EXPECT_TRUE(is_revoked(Unit::token, "a"));
  EXPECT_FALSE(is_revoked(Unit::token, "b"));
}

TEST_F(Keeper, IsNotReadyWhileTheStoreCannotBeOpened) {
  disk.fails_to_open = true;
  start();
  EXPECT_FALSE(keeper->set()->is_ready());
  EXPECT_THAT(keeper->not_ready().value_or(""), HasSubstr("the folder is locked"));
  EXPECT_THAT(order("revoke", R"({"unit":"jti","value":"a"})"),
              HasSubstr("503 {\"error\":\"the folder is locked\"}"));
  EXPECT_THAT(order("reinstate", R"({"unit":"jti","value":"a"})"), StartsWith("503 "));
  EXPECT_THAT(order("revoked", ""), StartsWith("503 "));
  disk.fails_to_open = false;
  EXPECT_TRUE(wait_until([&] { return keeper->set()->is_ready(); }));
  EXPECT_FALSE(keeper->not_ready());
}

TEST_F(Keeper, IsNotReadyWhenTheStoreCannotBeRead) {
  disk.fails_to_read = true;
  start();
  EXPECT_FALSE(keeper->set()->is_ready());
  EXPECT_THAT(keeper->not_ready().value_or(""), HasSubstr("the disk is gone"));
}

TEST_F(Keeper, ChangesNothingThatCouldNotBeStored) {
  start();
  order("revoke", R"({"unit":"jti","value":"old"})");
  disk.fails_to_write = true;
  EXPECT_THAT(order("revoke", R"({"unit":"jti","value":"a"})"),
              HasSubstr("503 {\"error\":\"the disk is full\"}"));
  EXPECT_FALSE(is_revoked(Unit::token, "a"));
  EXPECT_THAT(order("reinstate", R"({"unit":"jti","value":"old"})"), StartsWith("503 "));
  EXPECT_TRUE(is_revoked(Unit::token, "old"));
}

TEST_F(Keeper, AnswersWhenEveryWorkerHasPassed) {
  start();
  broadcast.hold();
  int revoked = 0;
  int reinstated = 0;
  orders->command("revoke", R"({"unit":"jti","value":"a"})",
                  [&](int status, std::string) { revoked = status; });
  EXPECT_EQ(disk.records.size(), 1u);  // durable before
  orders->command("reinstate", R"({"unit":"jti","value":"a"})",
                  [&](int status, std::string) { reinstated = status; });
  EXPECT_EQ(revoked, 0);
  EXPECT_EQ(reinstated, 0);
  broadcast.release();
  EXPECT_EQ(revoked, 200);
  EXPECT_EQ(reinstated, 200);
}

TEST_F(Keeper, FillsInWhatAnOrderLeavesOpen) {
  start({Seconds(100), Seconds(1000), 10});
  const std::int64_t now = keeper->now();
  for (const Unit unit : kUnits) {
    order("revoke", "{\"unit\":\"" + std::string(unit_name(unit)) + "\",\"value\":\"x\"}");
  }
  const auto stored = [&](Unit unit) { return disk.records.at(record_key(unit, "", "x")); };
  EXPECT_EQ(stored(Unit::token).cutoff, kAlways);
  EXPECT_EQ(stored(Unit::token).expires, now + 100);
  EXPECT_EQ(stored(Unit::subject).cutoff, now);
  EXPECT_EQ(stored(Unit::client).cutoff, now);
  EXPECT_EQ(stored(Unit::client).expires, now + 100);
  EXPECT_EQ(stored(Unit::consent).cutoff, kAlways);
  EXPECT_EQ(stored(Unit::consent).expires, now + 1000);
  EXPECT_EQ(stored(Unit::key).expires, kAlways);
  EXPECT_EQ(stored(Unit::key).made, now);
}

TEST_F(Keeper, OnlyWidensWhatIsRevokedAlready) {
  start();
  const std::int64_t now = keeper->now();
  const auto with = [&](std::int64_t cutoff, std::int64_t expires) {
    return R"({"unit":"subject","value":"u","cutoff":)" + std::to_string(cutoff) +
           ",\"expires\":" + std::to_string(expires) + "}";
  };
  order("revoke", with(500, now + 50));
  order("revoke", with(400, now + 90));
  const Record& record = disk.records.at(record_key(Unit::subject, "", "u"));
  EXPECT_EQ(record.cutoff, 500);
  EXPECT_EQ(record.expires, now + 90);
  EXPECT_TRUE(is_revoked(Unit::subject, "u", 500));
  EXPECT_FALSE(is_revoked(Unit::subject, "u", 501));
}

TEST_F(Keeper, RefusesAnEndThatIsPast) {
  start();
  EXPECT_THAT(order("revoke", R"({"unit":"jti","value":"a","expires":5})"),
              HasSubstr("400 {\"error\":\"\\\"expires\\\" is past"));
}

TEST_F(Keeper, RefusesMoreThanTheLimit) {
  start({Seconds(100), Seconds(100), 2});
  order("revoke", R"({"unit":"jti","value":"a"})");
  order("revoke", R"({"unit":"jti","value":"b"})");
  EXPECT_THAT(order("revoke", R"({"unit":"jti","value":"c"})"), StartsWith("507 "));
  EXPECT_THAT(order("revoke", R"({"unit":"jti","value":"a"})"), StartsWith("200 "));
  order("reinstate", R"({"unit":"jti","value":"a"})");
  EXPECT_THAT(order("revoke", R"({"unit":"jti","value":"c"})"), StartsWith("200 "));
}

TEST_F(Keeper, ReinstatesWhatWasRevokedAndSaysWhenThereIsNothing) {
  start();
  order("revoke", R"({"unit":"jti","value":"a","issuer":"i"})");
  EXPECT_THAT(order("reinstate", R"({"unit":"jti","value":"a"})"), StartsWith("404 "));
  EXPECT_TRUE(is_revoked(Unit::token, "a"));
  EXPECT_EQ(order("reinstate", R"({"unit":"jti","value":"a","issuer":"i"})"),
            R"(200 {"reinstated":{"unit":"jti","value":"a"}})");
  EXPECT_FALSE(is_revoked(Unit::token, "a"));
  EXPECT_TRUE(disk.records.empty());
}

TEST_F(Keeper, ListsPageByPage) {
  start();
  for (const char* value : {"a", "b", "c"}) {
    order("revoke", R"({"unit":"jti","value":")" + std::string(value) + "\"}");
  }
  order("revoke", R"({"unit":"kid","value":"k"})");
  std::size_t records = 0;
  std::string after;
  int pages = 0;
  do {
    std::string answer = order("revoked", R"({"unit":"jti","limit":2)" + after + "}");
    for (auto at = answer.find("\"unit\":\"jti\""); at != std::string::npos;
         at = answer.find("\"unit\":\"jti\"", at + 1)) {
      ++records;
    }
    EXPECT_EQ(answer.find("\"kid\""), std::string::npos);
    const auto next = answer.find("\"next\":\"");
    after = next == std::string::npos
                ? ""
                : ",\"after\":\"" + answer.substr(next + 8, answer.find('"', next + 8) - next - 8) +
                      "\"";
    ++pages;
  } while (!after.empty() && pages < 10);
  EXPECT_EQ(records, 3u);
  EXPECT_EQ(pages, 2);
  EXPECT_EQ(order("revoked", R"({"value":"zz"})"), R"(200 {"records":[]})");
}

TEST_F(Keeper, ForgetsWhatHasExpired) {
  start();
  Record old;
  old.value = "old";
  old.expires = keeper->now() + 1;
  disk.records[record_key(old.unit, "", old.value)] = old;
  Record fresh = old;
  fresh.value = "fresh";
  fresh.expires = keeper->now() + 1000;
  disk.records[record_key(fresh.unit, "", fresh.value)] = fresh;
  start();
  EXPECT_EQ(keeper->set()->size(), 2u);
  EXPECT_TRUE(wait_until([&] { return keeper->set()->size() == 1; }));
  EXPECT_EQ(disk.records.size(), 1u);
  EXPECT_EQ(disk.records.begin()->second.value, "fresh");
}

TEST_F(Keeper, ForgetsInStepsWhatIsTooMuchForOne) {
  for (int i = 0; i < 1500; ++i) {
    Record old;
    old.value = std::to_string(i);
    old.expires = 5;
    disk.records[record_key(old.unit, "", old.value)] = old;
  }
  start();
  EXPECT_TRUE(wait_until([&] { return disk.records.size() < 1500; }));
  EXPECT_GT(disk.records.size(), 0u);
  EXPECT_TRUE(wait_until([&] { return disk.records.empty(); }));
}

TEST_F(Keeper, LooksAtAPartOfALongListOnly) {
  for (int i = 0; i < 20'001; ++i) {
    Record record;
    record.value = std::to_string(i);
    disk.records[record_key(record.unit, "", record.value)] = record;
  }
  start();
  const std::string answer = order("revoked", R"({"unit":"kid"})");
  EXPECT_THAT(answer, StartsWith(R"(200 {"records":[],"next":")"));
}

TEST_F(Keeper, ForgetsWhatExpiredWhileItWasAway) {
  Record old;
  old.value = "old";
  old.expires = 5;
  disk.records[record_key(old.unit, "", old.value)] = old;
  start();
  EXPECT_TRUE(wait_until([&] { return keeper->set()->size() == 0 && disk.records.empty(); }));
}

TEST_F(Keeper, CountsWhatItKeepsAndWhatFailed) {
  start();
  order("revoke", R"({"unit":"jti","value":"a"})");
  disk.fails_to_write = true;
  order("revoke", R"({"unit":"jti","value":"b"})");
  std::vector<policy::Metric> metrics;
  keeper->metrics(metrics);
  double listed = 0;
  double failures = 0;
  for (const auto& metric : metrics) {
    EXPECT_FALSE(metric.help.empty());
    if (metric.label_value == "jti") listed = metric.value;
    if (metric.name == "revocation_store_failures_total") failures = metric.value;
  }
  EXPECT_EQ(listed, 1);
  EXPECT_EQ(failures, 1);
}

TEST_F(Keeper, CopiesWhatASourceToldToTheDiskAMomentLater) {
  start();
  Record record;
  record.value = "a";
  record.origin = Origin::redis;
  using Learnt = RevocationKeeper::Learnt;
  EXPECT_EQ(keeper->learn(record, false, 10), Learnt::new_);
  EXPECT_TRUE(is_revoked(Unit::token, "a"));
  EXPECT_TRUE(disk.records.empty());
  EXPECT_EQ(keeper->learn(record, false, 10), Learnt::known);
  EXPECT_TRUE(wait_until([&] { return disk.records.size() == 1; }));
  record.expires = keeper->now() + 100;
  EXPECT_EQ(keeper->learn(record, false, 10), Learnt::wider);
  EXPECT_EQ(keeper->learn(record, true, 10), Learnt::new_);
  keeper->forget(Unit::token, "", "a");
  EXPECT_FALSE(is_revoked(Unit::token, "a"));
  EXPECT_TRUE(wait_until([&] { return disk.records.empty(); }));
}

TEST_F(Keeper, EnforcesWhatItCannotCopyToTheDisk) {
  start();
  disk.fails_to_write = true;
  Record record;
  for (int i = 0; i < 2001; ++i) {
    record.value = std::to_string(i);
    record.expires = keeper->now() + 1000;
    keeper->learn(record, false, 10'000);
  }
  EXPECT_TRUE(is_revoked(Unit::token, "2000"));
  record.value = "more";
  EXPECT_EQ(keeper->learn(record, false, 2001), RevocationKeeper::Learnt::full);
  EXPECT_FALSE(is_revoked(Unit::token, "more"));
  EXPECT_THAT(order("revoke", R"({"unit":"jti","value":"x"})"), StartsWith("503 "));
  disk.fails_to_write = false;
  EXPECT_TRUE(wait_until([&] { return disk.records.size() == 2001; }));
}

TEST_F(Keeper, TakesAnIssuerByItsHashForTheSame) {
  start();
  order("revoke", R"({"unit":"jti","value":"a","issuer":"https://i"})");
  EXPECT_THAT(order("reinstate", "{\"unit\":\"jti\",\"value\":\"a\",\"issuer\":\"" +
                                     issuer_id("https://i") + "\"}"),
              StartsWith("200 "));
}

TEST_F(Keeper, LeavesOtherOrdersToOthers) {
  start();
  EXPECT_FALSE(orders->command("reload", "{}", [](int, std::string) {}));
}

}  // namespace
}  // namespace sallyport::revocation
