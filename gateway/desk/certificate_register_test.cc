#include "gateway/desk/certificate_register.h"

#include <gtest/gtest.h>

#include "gateway/crypto/certificate.h"
#include "tests/support/policy_harness.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_ca.h"

namespace sallyport::desk {
namespace {

using test::TestCa;

constexpr std::int64_t kNow = 1'800'000'000;

const TestCa& ca() {
  static const TestCa instance("Client CA");
  return instance;
}

server::Sighting sighting(std::string name, std::int64_t at, std::uint64_t handshakes = 1) {
  auto view = crypto::view_certificate(ca().issue({.common_name = std::move(name)}).der);
  view->chain_der.push_back(ca().der());
  return {
      test::FactMaker::certificate(
          *std::move(view),
          {.trust_store = "plaid", .entry = "ca", .identity = "acme", .anchor = "CN=Client CA"}),
      "public/api.example", handshakes, at};
}

std::unique_ptr<CertificateRegister> opened(std::string folder, std::size_t max = 100,
                                            std::int64_t now = kNow) {
  auto made = CertificateRegister::open(
      {.folder = std::move(folder), .keep = Seconds(3600 * 24), .max = max}, {now * 1000});
  EXPECT_TRUE(made) << made.error().text;
  return std::move(*made);
}

TEST(CertificateRegister, CountsByHourAndDay) {
  const auto seen = opened("");
  auto one = sighting("one", kNow - 20 * 3600, 5);
  seen->note(one);
  one.handshakes = 3;
  one.last_seen = kNow - 1800;
  seen->note(one);
  ASSERT_EQ(seen->all().size(), 1U);
  const SeenCertificate& only = *seen->all().front();
  EXPECT_EQ(only.handshakes, 8U);
  EXPECT_EQ(only.handshakes_in(Seconds(3600), {kNow * 1000}), 3U);
  EXPECT_EQ(only.handshakes_in(Seconds(24 * 3600), {kNow * 1000}), 8U);
  EXPECT_EQ(only.handshakes_in(Seconds(24 * 3600), {(kNow + 6 * 3600) * 1000}), 3U);
  EXPECT_EQ(only.handshakes_in(Seconds(24 * 3600), {(kNow + 60 * 3600) * 1000}), 0U);
  EXPECT_EQ(only.first_seen, kNow - 20 * 3600);
  EXPECT_EQ(only.last_seen, kNow - 1800);
}

TEST(CertificateRegister, KnowsTheLastUseOfAnEntry) {
  const auto seen = opened("");
  seen->note(sighting("one", kNow - 10));
  seen->note(sighting("two", kNow - 5));
  EXPECT_EQ(seen->last_use("plaid", "ca"), kNow - 5);
  EXPECT_EQ(seen->last_use("plaid", "other"), 0);
}

TEST(CertificateRegister, ForgetsTheOneThatWasNotShownForLongest) {
  const auto seen = opened("", 2);
  seen->note(sighting("old", kNow - 30));
  seen->note(sighting("newer", kNow - 20));
  seen->note(sighting("newest", kNow - 10));
  ASSERT_EQ(seen->all().size(), 2U);
  for (const auto* one : seen->all()) EXPECT_NE(one->view.common_name, "old");
}

TEST(CertificateRegister, KeepsWhatItKnowsOnDisk) {
  const test::TempDir folder;
  {
    const auto seen = opened(folder.path() + "/register");
    auto one = sighting("one", kNow - 20 * 3600, 3);
    seen->note(one);
    one.handshakes = 1;
    one.last_seen = kNow;
    seen->note(one);
    seen->save({kNow * 1000});
  }
  const auto again = opened(folder.path() + "/register");
  ASSERT_EQ(again->all().size(), 1U);
  const SeenCertificate& one = *again->all().front();
  EXPECT_EQ(one.view.common_name, "one");
  EXPECT_EQ(one.view.chain_der, std::vector<std::string>{ca().der()});
  EXPECT_EQ(one.store, "plaid");
  EXPECT_EQ(one.entry, "ca");
  EXPECT_EQ(one.identity, "acme");
  EXPECT_EQ(one.where, std::set<std::string>{"public/api.example"});
  EXPECT_EQ(one.handshakes, 4U);
  EXPECT_EQ(one.handshakes_in(Seconds(3600), {kNow * 1000}), 1U);
  EXPECT_EQ(one.handshakes_in(Seconds(24 * 3600), {kNow * 1000}), 4U);
  EXPECT_EQ(one.last_seen, kNow);
}

TEST(CertificateRegister, ForgetsWhatIsOld) {
  const test::TempDir folder;
  {
    const auto seen = opened(folder.path() + "/register");
    seen->note(sighting("one", kNow));
    seen->save({kNow * 1000});
  }
  EXPECT_EQ(opened(folder.path() + "/register", 100, kNow + 25 * 3600)->all().size(), 0U);
  EXPECT_EQ(opened(folder.path() + "/register")->all().size(), 0U);
}

TEST(CertificateRegister, TakesNoCountsThatItCannotHaveWritten) {
  for (const char* text :
       {"x", "1", "1:", ":1", "1:x", "5:1 4:1", "-3:1", "99999999999:1", "1:1,2:1"}) {
    SeenCertificate seen;
    seen.last_seen = kNow;
    EXPECT_FALSE(seen.restore_recent(text)) << text;
  }
  SeenCertificate seen;
  EXPECT_TRUE(seen.restore_recent(""));
  EXPECT_EQ(seen.recent(), "");
}

TEST(CertificateRegister, DoesNotReadWhatItCannotHaveWritten) {
  for (const char* text :
       {"", "{}", "[]", R"({"chain":[]})", R"({"chain":["!"]})", R"({"chain":["AAAA"]})"}) {
    EXPECT_FALSE(decode(text)) << text;
  }
}

}  // namespace
}  // namespace sallyport::desk
