#include "modules/bearer/key_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/bearer_fixture.h"

namespace sallyport::bearer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

constexpr std::int64_t kDay = 24 * 3600;

TEST(KeyRecordTest, SurvivesTheDisk) {
  const KeyRecord record{1, 2, 3, 4, 5, true};
  EXPECT_EQ(decode_record(encode_record(record)), record);
  EXPECT_EQ(decode_record(encode_record({})), KeyRecord{});
  KeyRecord rekeyed{.first_public = 1, .rekeyed_at = 7};
  rekeyed.thumbprint.fill(0xab);
  EXPECT_EQ(decode_record(encode_record(rekeyed)), rekeyed);
  EXPECT_EQ(decode_record("1 1 2 3 4 5 1"), record) << "of the version before";
}

TEST(KeyRecordTest, RefusesWhatIsNoRecord) {
  for (const std::string_view text :
       {"", "1", "2 0 0 0 0 0 0", "1 0 0 0 0 0", "1 0 0 0 0 0 0 0", "1 0 0 0 0 0 2",
        "1 0 0 0 x 0 0", "1 0 0 0 -1 0 0", "1  0 0 0 0 0", "1 0 0 0 0 0 0 ", "2 0 0 0 0 0 0 0",
        "2 0 0 0 0 0 0 0 ab", "2 0 0 0 0 0 0 0 ", "3 0 0 0 0 0 0"}) {
    EXPECT_EQ(decode_record(text), std::nullopt) << text;
  }
}

TEST(KeyAlarms, TellOfAKeyThatSignsBeforeItWasPublicForADay) {
  KeyRecord record{.first_public = kNow - 3600, .last_public = kNow};
  EXPECT_THAT(alarms_of(record, true, kNow), IsEmpty());
  record.first_use = record.last_use = kNow;
  EXPECT_THAT(alarms_of(record, true, kNow), ElementsAre(KeyAlarm::used_too_early));
  // Once a day has passed, everybody knows the key.
  EXPECT_THAT(alarms_of(record, true, record.first_public + kDay), IsEmpty());
  record.was_there = true;
  EXPECT_THAT(alarms_of(record, true, kNow), IsEmpty());
  KeyRecord patient{.first_public = kNow - kDay, .last_public = kNow};
  patient.first_use = patient.last_use = kNow;
  EXPECT_THAT(alarms_of(patient, true, kNow), IsEmpty());
}

TEST(KeyAlarms, TellOfTokensOfAWithdrawnKey) {
  KeyRecord record{.first_public = kNow - 90 * kDay, .last_public = kNow - 60};
  record.first_use = kNow - 80 * kDay;
  record.last_use = kNow - 61;
  EXPECT_THAT(alarms_of(record, false, kNow), IsEmpty());
  record.last_use = kNow;
  EXPECT_THAT(alarms_of(record, false, kNow), ElementsAre(KeyAlarm::withdrawn_used));
  EXPECT_THAT(alarms_of(record, false, kNow + 15 * 60), IsEmpty());
}

TEST(KeyAlarms, TellOfTheAgeOfTheKeyInUse) {
  KeyRecord record{.first_public = kNow - 335 * kDay + 1, .last_public = kNow};
  record.first_use = record.last_use = kNow;
  EXPECT_THAT(alarms_of(record, true, kNow), IsEmpty());
  EXPECT_THAT(alarms_of(record, true, kNow + 1), ElementsAre(KeyAlarm::aging));
  const std::int64_t later = record.first_public + 365 * kDay;
  EXPECT_THAT(alarms_of(record, true, later), IsEmpty()) << "it signs no more";
  record.last_use = later;
  EXPECT_THAT(alarms_of(record, true, later), ElementsAre(KeyAlarm::too_old));
}

TEST(KeyAlarms, TellOfAnIdThatStandsForAnotherKey) {
  KeyRecord record{.first_public = kNow, .last_public = kNow, .rekeyed_at = kNow};
  EXPECT_THAT(alarms_of(record, true, kNow), ElementsAre(KeyAlarm::rekeyed));
  EXPECT_THAT(alarms_of(record, true, kNow + kDay - 1), ElementsAre(KeyAlarm::rekeyed));
  EXPECT_THAT(alarms_of(record, true, kNow + kDay), IsEmpty());
  EXPECT_THAT(alarms_of(record, false, kNow), IsEmpty());
}

TEST(KeyLedgerTest, RemembersOnDisk) {
  const test::TempDir dir;
  {
    KeyLedger ledger(dir.file("ledger"));
    ASSERT_TRUE(ledger.open());
    EXPECT_FALSE(ledger.knows_issuer("as"));
    ledger.change("as", "k\n1").denied_at = 7;
    ledger.change("other", "k2").first_public = 8;
    ASSERT_TRUE(ledger.save());
  }
  KeyLedger again(dir.file("ledger"));
  ASSERT_TRUE(again.open());
  EXPECT_TRUE(again.knows_issuer("as"));
  EXPECT_THAT(again.denied("as"), ElementsAre("k\n1"));
  EXPECT_THAT(again.denied("other"), IsEmpty());
  ASSERT_NE(again.find("other", "k2"), nullptr);
  EXPECT_EQ(again.find("other", "k2")->first_public, 8);
}

TEST(KeyLedgerTest, ForgetsTheOldestButNeverADenial) {
  const test::TempDir dir;
  KeyLedger ledger(dir.file("ledger"));
  ASSERT_TRUE(ledger.open());
  for (std::size_t i = 0; i < KeyLedger::kMaxKeysOfIssuer + 10; ++i) {
    ledger.change("as", "k" + std::to_string(i)).last_public = static_cast<std::int64_t>(i + 1);
  }
  ledger.change("as", "k0").denied_at = 1;
  ASSERT_TRUE(ledger.save());
  ASSERT_TRUE(ledger.forget_old("as"));
  EXPECT_NE(ledger.find("as", "k0"), nullptr);
  EXPECT_EQ(ledger.find("as", "k1"), nullptr);
  EXPECT_EQ(ledger.find("as", "k9"), nullptr);
  EXPECT_NE(ledger.find("as", "k10"), nullptr);
}

class KeyOrders : public Bearer {
 protected:
  void SetUp() override {
    load_shared("key_ledger: " + dir_.file("ledger") + "\n" + std::string(kShared));
  }
};

TEST_F(KeyOrders, DenyAKeyAtOnceWhateverIsRemembered) {
  const std::string token = signed_with({});
  EXPECT_THAT(present(token), Allowed());
  EXPECT_EQ(harness_.command("keys-deny", R"({"kid":"k1","who":"ann"})"),
            R"(200 {"denied":"k1","was_published":true,"durable":true})");
  EXPECT_THAT(present(token), DeniedWith("bearer.key_denied"));
  EXPECT_THAT(present(signed_with({{"jti", "\"2\""}})), DeniedWith("bearer.key_denied"));
  EXPECT_EQ(metric("keys_denied"), 1);
  EXPECT_THAT(harness_.command("keys", "{}"), HasSubstr(R"("state":"denied")"));
  EXPECT_EQ(harness_.command("keys-allow", R"({"kid":"k1"})"),
            R"(200 {"allowed":"k1","was_published":true,"durable":true})");
  EXPECT_THAT(present(token), Allowed());
}

TEST_F(KeyOrders, SayWhenThereWasNothingToTakeBack) {
  EXPECT_EQ(harness_.command("keys-allow", R"({"kid":"k1"})"),
            R"(200 {"allowed":"k1","was_published":true,"durable":true,"was_denied":false})");
  EXPECT_THAT(harness_.command("keys-allow", R"({"kid":"typo"})"),
              HasSubstr("\"was_denied\":false"));
  EXPECT_THAT(harness_.command("keys", "{}"), Not(HasSubstr("typo")));
}

TEST_F(KeyOrders, LogWhyAsItWasSaid) {
  harness_.command("keys-deny", R"({"kid":"k1","who":"ann b","reason":"two words, \"quoted\""})");
  std::string told;
  for (const auto& service : harness_.services()) {
    for (const policy::Notice& notice : service->notices()) {
      if (notice.event == "key_denied") told = notice.message;
    }
  }
  EXPECT_EQ(told, "key k1 of every issuer, by ann b: two words, \"quoted\"");
  EXPECT_THAT(
      harness_.command("keys-deny", R"({"kid":"k1","reason":")" + std::string(513, 'x') + "\"}"),
      HasSubstr("400 "));
}

TEST_F(KeyOrders, AnswerWhenEveryWorkerHasTheDenial) {
  EXPECT_THAT(present(signed_with({})), Allowed());
  std::string answer;
  harness_.broadcast().hold();
  for (const auto& service : harness_.services()) {
    service->command("keys-deny", R"({"kid":"k1"})",
                     [&](int, std::string body) { answer = std::move(body); });
  }
  EXPECT_EQ(answer, "");
  harness_.broadcast().release();
  EXPECT_THAT(answer, HasSubstr("\"denied\":\"k1\""));
  EXPECT_THAT(present(signed_with({})), DeniedWith("bearer.key_denied"));
}

TEST_F(KeyOrders, HaveTheLedgerForThemselves) {
  harness_.command("keys-deny", R"({"kid":"k1"})");
  KeyLedger ledger(dir_.file("ledger"));
  EXPECT_FALSE(ledger.open()) << "one process at a time has the ledger";
}

TEST_F(KeyOrders, AreUnderstoodOrRefused) {
  EXPECT_THAT(harness_.command("keys-deny", "{}"), HasSubstr("400 "));
  EXPECT_THAT(harness_.command("keys-deny", "nonsense"), HasSubstr("400 "));
  EXPECT_THAT(harness_.command("keys-deny", R"({"kid":"k1","issuer":"nobody"})"),
              HasSubstr("404 "));
  EXPECT_EQ(harness_.command("no-such-order", "{}"), "");
}

TEST_F(KeyOrders, RefreshReadsTheKeysNow) {
  publish({TestKey::make(KeyKind::p256).jwk("new")});
  EXPECT_EQ(harness_.command("keys-refresh", "{}"), R"(200 {"refreshed":[{"issuer":"as"}]})");
  EXPECT_THAT(harness_.command("keys", "{}"), HasSubstr(R"("kid":"new","state":"published")"));
  EXPECT_THAT(harness_.command("keys", "{}"), HasSubstr(R"("kid":"k1","state":"withdrawn")"));
  dir_.write("jwks.json", "<html>");
  EXPECT_THAT(harness_.command("keys-refresh", "{}"), HasSubstr("502 "));
}

TEST_F(KeyOrders, TellTokensOfAWithdrawnKeyFromThoseThatNameIt) {
  const std::string honest = signed_with({});
  publish({TestKey::make(KeyKind::p256).jwk("new")});
  harness_.command("keys-refresh", "{}");
  EXPECT_THAT(present(honest), DeniedWith("bearer.key_withdrawn"));
  const TestKey other = TestKey::make(KeyKind::p256);
  EXPECT_THAT(present(sign_jwt(other, SignatureAlgorithm::es256, header(), claims())),
              DeniedWith("bearer.key_unknown"));
}

TEST_F(KeyOrders, BeginAnewWithAKeyThatTookAnId) {
  EXPECT_THAT(present(signed_with({})), Allowed());
  publish({TestKey::make(KeyKind::p256).jwk("k1")});
  harness_.command("keys-refresh", "{}");
  const std::string listed = harness_.command("keys", "{}");
  EXPECT_THAT(listed, HasSubstr(R"("kid":"k1","state":"published")"));
  EXPECT_THAT(listed, HasSubstr(R"("was_there":false)"));
  EXPECT_THAT(listed, HasSubstr(R"("first_use":0,"last_use":0)"));
  // What an operator has denied stays denied: the denial is of the id.
  harness_.command("keys-deny", R"({"kid":"k1"})");
  publish({key().jwk("k1")});
  harness_.command("keys-refresh", "{}");
  EXPECT_THAT(present(signed_with({{"jti", "\"2\""}})), DeniedWith("bearer.key_denied"));
}

TEST(KeyWatchDurability, KeepsDenialsForTheNextProcess) {
  const test::TempDir dir;
  {
    KeyLedger ledger(dir.file("ledger"));
    ASSERT_TRUE(ledger.open());
    ledger.change("as", "k1").denied_at = 1;
    ASSERT_TRUE(ledger.save());
  }
  KeyWatch watch(dir.file("ledger"));
  ASSERT_TRUE(watch.open());
  EXPECT_THAT(watch.denied("as"), ElementsAre("k1"));
  KeyWatch second(dir.file("ledger"));
  EXPECT_FALSE(second.open());
  EXPECT_THAT(second.not_ready().value_or(""), HasSubstr("key ledger cannot be used"));
}

}  // namespace
}  // namespace sallyport::bearer
