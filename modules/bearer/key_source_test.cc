#include "modules/bearer/key_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <thread>

#include "tests/support/policy_harness.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_key.h"

namespace sallyport::bearer {
namespace {

using test::KeyKind;
using test::TestKey;
using testing::HasSubstr;

std::string set_of(std::string_view kid) {
  return test::jwks({TestKey::make(KeyKind::p256).jwk(kid)});
}

class KeySourceTest : public testing::Test {
 protected:
  void start(const std::string& path) {
    settings_.name = "as";
    settings_.source.file = path;
    settings_.algorithms = {Algorithm::es256};
    settings_.times.tick = Milliseconds(2);
    settings_.times.file_poll = Milliseconds(5);
    settings_.times.first_retry = Milliseconds(5);
    settings_.times.wanted_gap = Milliseconds(200);
    source_ = std::make_unique<KeySource>(settings_, watch_);
    keys_ = source_->keys();
    source_->start(loop_, broadcast_);
  }
  bool has_key(std::string_view kid) const {
    const KeySet* here = keys_->here(0);
    return here != nullptr && here->find(kid) != nullptr;
  }
  bool until(const std::function<bool()>& is_done) {
    for (int i = 0; i < 2000 && !is_done(); ++i) {
      std::this_thread::sleep_for(Milliseconds(1));
      loop_.run_once();
    }
    return is_done();
  }
  double metric(std::string_view name) const {
    std::vector<policy::Metric> all;
    source_->metrics(all);
    for (const auto& each : all) {
      if (each.name == name) return each.value;
    }
    return -1;
  }

  event::Loop loop_;
  test::TestBroadcast broadcast_;
  test::TempDir dir_;
  KeySourceSettings settings_{};
  std::shared_ptr<KeyWatch> watch_ = std::make_shared<KeyWatch>("");
  std::unique_ptr<KeySource> source_;
  std::shared_ptr<const IssuerKeys> keys_;
};

TEST_F(KeySourceTest, PublishesTheKeysOfAFile) {
  start(dir_.write("jwks", set_of("k1")));
  EXPECT_TRUE(has_key("k1"));
  EXPECT_FALSE(source_->not_ready());
  EXPECT_EQ(metric("jwks_keys"), 1);
}

TEST_F(KeySourceTest, IsNotReadyWithoutKeysAndSaysWhy) {
  start(dir_.file("missing"));
  EXPECT_EQ(keys_->here(0), nullptr);
  EXPECT_THAT(source_->not_ready().value_or(""), HasSubstr("no keys of issuer as: cannot read"));
  dir_.write("missing", set_of("k1"));
  EXPECT_TRUE(until([&] { return has_key("k1"); }));
  EXPECT_FALSE(source_->not_ready());
}

TEST_F(KeySourceTest, ReplacesKeysWithANewEpoch) {
  start(dir_.write("jwks", set_of("k1")));
  const auto before = keys_->here(0)->epoch();
  dir_.write("jwks", set_of("k2"));
  EXPECT_TRUE(until([&] { return has_key("k2"); }));
  EXPECT_FALSE(has_key("k1"));
  EXPECT_NE(keys_->here(0)->epoch(), before);
}

TEST_F(KeySourceTest, KeepsTheEpochWhenTheDocumentIsTheSame) {
  const std::string document = set_of("k1");
  start(dir_.write("jwks", document));
  const auto before = keys_->here(0)->epoch();
  dir_.write("jwks", document);
  EXPECT_TRUE(until([&] { return metric("jwks_reads_total") == 2; }));
  EXPECT_EQ(keys_->here(0)->epoch(), before);
}

TEST_F(KeySourceTest, KeepsTheLastGoodKeysThroughEveryFailure) {
  start(dir_.write("jwks", set_of("k1")));
  for (const std::string_view bad : {"", "<html>", "{}", R"({"keys":[]})", R"({"keys":[{}]})"}) {
    const double failures = metric("jwks_read_failures_total");
    dir_.write("jwks", bad);
    EXPECT_TRUE(until([&] { return metric("jwks_read_failures_total") > failures; })) << bad;
    EXPECT_TRUE(has_key("k1")) << bad;
  }
}

TEST_F(KeySourceTest, GivesTheKeysUpWhenTheyAreTooOld) {
  settings_.times.keep = Milliseconds(30);
  start(dir_.write("jwks", set_of("k1")));
  dir_.write("jwks", "broken");
  EXPECT_TRUE(until([&] { return keys_->here(0) == nullptr; }));
  EXPECT_TRUE(source_->not_ready());
}

TEST_F(KeySourceTest, RemembersAKeyThatWasWithdrawnUntilItReturns) {
  const std::string first = set_of("k1");
  start(dir_.write("jwks", first));
  EXPECT_EQ(keys_->here(0)->find_withdrawn("k1"), nullptr);
  dir_.write("jwks", set_of("k2"));
  ASSERT_TRUE(until([&] { return has_key("k2"); }));
  EXPECT_NE(keys_->here(0)->find_withdrawn("k1"), nullptr);
  dir_.write("jwks", first);
  ASSERT_TRUE(until([&] { return has_key("k1"); }));
  EXPECT_EQ(keys_->here(0)->find_withdrawn("k1"), nullptr);
  EXPECT_NE(keys_->here(0)->find_withdrawn("k2"), nullptr);
}

TEST_F(KeySourceTest, CountsWhatItSkipsByReason) {
  start(dir_.write("jwks", test::jwks({TestKey::make(KeyKind::p256).jwk("k1"),
                                       TestKey::make(KeyKind::rsa1024).jwk("weak"),
                                       TestKey::make(KeyKind::p256).jwk("")})));
  std::vector<policy::Metric> all;
  source_->metrics(all);
  std::map<std::string, double> by_reason;
  for (const auto& each : all) {
    if (each.name == "jwks_keys_skipped_by_reason") {
      by_reason[each.more_labels.front().second] = each.value;
    }
  }
  EXPECT_EQ(by_reason, (std::map<std::string, double>{{"bad_key", 1}, {"kid_missing", 1}}));
  std::string told;
  for (const auto& notice : watch_->notices()) told += notice.message + "\n";
  EXPECT_THAT(told, HasSubstr("issuer as: key weak is not used"));
}

TEST_F(KeySourceTest, TellsWhyEachKeyOfAUselessSetIsSkipped) {
  start(dir_.write("jwks", test::jwks({TestKey::make(KeyKind::rsa1024).jwk("weak"),
                                       TestKey::make(KeyKind::p384).jwk("p384")})));
  EXPECT_THAT(source_->not_ready().value_or(""),
              testing::AllOf(HasSubstr("weak: RSA key is not"), HasSubstr("p384: its algorithm")));
  EXPECT_EQ(metric("jwks_keys"), 0);
  EXPECT_EQ(metric("jwks_keys_skipped"), 2);
  ASSERT_TRUE(until([&] { return metric("jwks_read_failures_total") > 2; }));
  std::map<std::string, int> told;
  for (const auto& notice : watch_->notices())
    ++told[std::string(notice.event) + " " + notice.message];
  EXPECT_EQ(told.size(), 3U);
  for (const auto& [text, times] : told) EXPECT_EQ(times, 1) << text;
  EXPECT_THAT(told.begin()->first, HasSubstr("key_skipped issuer as: key p384 is not used"));
  dir_.write("jwks", set_of("k1"));
  ASSERT_TRUE(until([&] { return has_key("k1"); }));
  EXPECT_EQ(metric("jwks_keys_skipped"), 0);
  std::string later;
  for (const auto& notice : watch_->notices()) later += std::string(notice.event) + " ";
  EXPECT_THAT(later, HasSubstr("keys_read_again"));
}

TEST_F(KeySourceTest, TellsWhenTheKeysCannotBeReadOnce) {
  start(dir_.write("jwks", set_of("k1")));
  watch_->notices();
  dir_.write("jwks", "<html>");
  ASSERT_TRUE(until([&] { return metric("jwks_read_failures_total") > 2; }));
  const auto told = watch_->notices();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told.front().event, "keys_not_read");
  EXPECT_THAT(told.front().message, HasSubstr("stay in use"));
}

// A key set of an issuer that gives an id to another key.
TEST_F(KeySourceTest, TreatsAnIdWithAnotherKeyAsAnotherKey) {
  const TestKey first = TestKey::make(KeyKind::p256);
  const TestKey second = TestKey::make(KeyKind::p256);
  start(dir_.write("jwks", test::jwks({first.jwk("k1")})));
  keys_->here(0)->find("k1")->use->mark(5);
  dir_.write("jwks", test::jwks({second.jwk("k1")}));
  ASSERT_TRUE(until(
      [&] { return keys_->here(0)->find("k1")->thumbprint == second.public_key().thumbprint(); }));
  EXPECT_EQ(keys_->here(0)->find("k1")->use->last.load(), 0) << "it has not been used yet";
  const Key* old = keys_->here(0)->find_withdrawn("k1");
  ASSERT_NE(old, nullptr);
  EXPECT_EQ(old->thumbprint, first.public_key().thumbprint());
  dir_.write("jwks", test::jwks({first.jwk("k1")}));
  ASSERT_TRUE(until(
      [&] { return keys_->here(0)->find("k1")->thumbprint == first.public_key().thumbprint(); }));
  EXPECT_EQ(keys_->here(0)->find_withdrawn("k1")->thumbprint, second.public_key().thumbprint());
  EXPECT_EQ(source_->withdrawn().size(), 1U);
}

TEST_F(KeySourceTest, LooksAgainWhenAKeyIsUnknown) {
  settings_.times.keep = Seconds(1000);
  start(dir_.write("jwks", set_of("k1")));
  ASSERT_EQ(metric("jwks_reads_total"), 1);
  for (int i = 0; i < 10'000; ++i) keys_->ask_for_newer();
  EXPECT_TRUE(until([&] { return metric("jwks_reads_total") == 2; }));
  keys_->ask_for_newer();
  until([&] { return metric("jwks_reads_total") == 3; });
  EXPECT_LE(metric("jwks_reads_total"), 3);
}

TEST_F(KeySourceTest, LeavesWorkersWhatTheyHaveWhenItEnds) {
  start(dir_.write("jwks", set_of("k1")));
  source_.reset();
  EXPECT_TRUE(has_key("k1"));
}

// ---- what an earlier process kept

class KeptKeys : public KeySourceTest {
 protected:
  static constexpr const char* kPlace = "http://127.0.0.1:1/jwks";  // nobody listens there

  void earlier(const std::string& place, std::int64_t seconds_ago, const std::string& document) {
    KeyLedger ledger(folder_.file("ledger"));
    ASSERT_TRUE(ledger.open());
    ASSERT_TRUE(ledger.keep_set("as", place, {wall_now().unix_seconds() - seconds_ago, document}));
  }
  void start_anew() {
    settings_.source.url = *clients::Url::parse(kPlace);
    settings_.times.keep = Seconds(100);
    watch_ = std::make_shared<KeyWatch>(folder_.file("ledger"));
    start("");
  }

  test::TempDir folder_;
};

TEST_F(KeptKeys, AreUsedUntilTheIssuerIsBack) {
  earlier(kPlace, 10, set_of("a"));
  start_anew();
  EXPECT_TRUE(has_key("a"));
  EXPECT_EQ(source_->not_ready(), std::nullopt);
  EXPECT_GE(metric("jwks_age_seconds"), 10);
}

TEST_F(KeptKeys, OfAClockThatWasSetBackAreUsed) {
  earlier(kPlace, -5000, set_of("a"));
  start_anew();
  EXPECT_TRUE(has_key("a"));
}

TEST_F(KeptKeys, AreNotUsedLongerThanKeep) {
  earlier(kPlace, 101, set_of("a"));
  start_anew();
  EXPECT_FALSE(has_key("a"));
}

TEST_F(KeptKeys, EndWithKeepWhenTheIssuerStaysAway) {
  earlier(kPlace, 99, set_of("a"));
  start_anew();
  EXPECT_TRUE(has_key("a"));
  EXPECT_TRUE(until([&] { return !has_key("a"); }));
}

TEST_F(KeptKeys, OfAnotherPlaceAreNotUsed) {
  earlier("http://127.0.0.1:2/jwks", 1, set_of("a"));
  start_anew();
  EXPECT_FALSE(has_key("a"));
}

TEST_F(KeptKeys, ThatAreNoKeySetAreNotUsed) {
  earlier(kPlace, 1, "{\"keys\":");
  start_anew();
  EXPECT_FALSE(has_key("a"));
  EXPECT_TRUE(source_->not_ready());
}

}  // namespace
}  // namespace sallyport::bearer
