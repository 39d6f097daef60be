// Session tickets: they spare a signature, never a check.

#include <gtest/gtest.h>

#include "gateway/tls/test_peer.h"
#include "tests/support/test_crl.h"

namespace sallyport::tls {
namespace {

using namespace testing;  // NOLINT: the room's own helpers
using test::TestCa;

const TestCa& server_ca() {
  static const TestCa instance("Server CA");
  return instance;
}
const TestCa& client_ca() {
  static const TestCa instance("Client CA");
  return instance;
}
const TestCa& other_ca() {
  static const TestCa instance("Other CA");
  return instance;
}
std::shared_ptr<const Credentials> site() {
  static const auto instance =
      credentials(server_ca().issue({.dns_names = {"api.example", "b.example", "open.example"}}));
  return instance;
}

ServerConfig config_with(std::shared_ptr<const TrustStore> store) {
  ServerConfig config;
  config.listener = "public";
  config.entries = {{"api", {"api.example"}, site(), std::move(store)},
                    {"open", {"open.example"}, site(), nullptr}};
  return config;
}
std::shared_ptr<const TrustStore> partners() {
  return trust("partners", client_ca().certificate_pem());
}

class Resumption : public ::testing::TestWithParam<std::uint16_t> {
 protected:
  void SetUp() override {
    client_.offer(GetParam(), GetParam());
    client_.use(client_ca().issue({.common_name = "app"}));
  }
  // ticket_from makes a first connection; afterwards the client has a ticket.
  void ticket_from(ServerContext& context, const std::string& name = "api.example") {
    const Met met = meet(context, client_, name);
    ASSERT_EQ(met.result.outcome, Outcome::done) << met.result.text;
    ASSERT_FALSE(met.transport->info().resumed);
    greet(met);
    ASSERT_NE(client_.session(), nullptr);
  }
  Met resume(ServerContext& context, const std::string& name = "api.example",
             WallTime now = wall_now()) {
    Met met = meet(context, client_, name, true, now);
    if (met.result.outcome == Outcome::done) greet(met);
    return met;
  }
  // greet sends a byte; reading it, a client of TLS 1.3 comes by the ticket before it.
  void greet(const Met& met) {
    std::string text = "x";
    const std::array pieces{iovec{text.data(), text.size()}};
    ASSERT_EQ(met.transport->write(pieces).bytes, 1U);
    ASSERT_EQ(client_.read(text.data(), 1), 1);
  }

  const std::shared_ptr<const TicketKeys> keys_ = TicketKeys::make();
  RawClient client_;
};

INSTANTIATE_TEST_SUITE_P(Version, Resumption, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) {
                           return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
                         });

TEST_P(Resumption, KeepsTheIdentity) {
  const auto context = server(config_with(partners()), keys_);
  ticket_from(*context);
  const Met met = resume(*context);
  ASSERT_EQ(met.result.outcome, Outcome::done) << met.result.text;
  EXPECT_TRUE(met.transport->info().resumed);
  EXPECT_EQ(met.transport->info().sni, "api.example");
  ASSERT_NE(met.transport->info().peer, nullptr);
  EXPECT_EQ(met.transport->info().peer->view().common_name, "app");
}

// A client that stays silent gets its ticket, and the connection does not hold it until then.
TEST_P(Resumption, GivesTheTicketAtOnce) {
  const auto context = server(config_with(partners()), keys_);
  const Met met = meet(*context, client_, "api.example");
  ASSERT_EQ(met.result.outcome, Outcome::done) << met.result.text;
  char nothing = 0;
  EXPECT_LE(client_.read(&nothing, 1), 0);
  ASSERT_NE(client_.session(), nullptr);
  EXPECT_TRUE(resume(*context).transport->info().resumed);
}

TEST_P(Resumption, WorksOnAnotherWorker) {
  const auto one = server(config_with(partners()), keys_);
  const auto two = server(config_with(partners()), keys_);
  ticket_from(*one);
  const Met met = resume(*two);
  EXPECT_TRUE(met.transport->info().resumed);
  EXPECT_NE(met.transport->info().peer, nullptr);
}

TEST_P(Resumption, NeedsTheKey) {
  const auto context = server(config_with(partners()), keys_);
  ticket_from(*context);
  context->set_ticket_keys(TicketKeys::make());
  const Met met = resume(*context);
  ASSERT_EQ(met.result.outcome, Outcome::done) << met.result.text;
  EXPECT_FALSE(met.transport->info().resumed);
}

TEST_P(Resumption, OutlivesOneRotationAndNotTwo) {
  const auto context = server(config_with(partners()), keys_);
  ticket_from(*context);
  const auto once = keys_->rotated();
  context->set_ticket_keys(once);
  EXPECT_TRUE(resume(*context).transport->info().resumed);
  // That gave the client a ticket of the new key, which outlives one more rotation.
  const auto twice = once->rotated();
  context->set_ticket_keys(twice);
  EXPECT_TRUE(resume(*context).transport->info().resumed);
  context->set_ticket_keys(twice->rotated()->rotated());
  EXPECT_FALSE(resume(*context).transport->info().resumed);
}

TEST_P(Resumption, DoesNotHappenWithoutKeys) {
  const auto context = server(config_with(partners()), nullptr);
  const Met met = meet(*context, client_, "api.example");
  ASSERT_EQ(met.result.outcome, Outcome::done) << met.result.text;
  EXPECT_FALSE(resume(*context).transport->info().resumed);
}

TEST_P(Resumption, EndsWhenTheTrustChanges) {
  const auto before = server(config_with(partners()), keys_);
  ticket_from(*before);
  const auto widened = server(
      config_with(trust("partners", client_ca().certificate_pem() + other_ca().certificate_pem())),
      keys_);
  const Met met = resume(*widened);
  ASSERT_EQ(met.result.outcome, Outcome::done) << met.result.text;
  EXPECT_FALSE(met.transport->info().resumed);
  EXPECT_NE(met.transport->info().peer, nullptr);
}

TEST_P(Resumption, GivesNoWayAroundAWithdrawnCa) {
  const auto before = server(config_with(partners()), keys_);
  ticket_from(*before);
  const auto after = server(config_with(trust("partners", other_ca().certificate_pem())), keys_);
  const Met met = resume(*after);
  EXPECT_EQ(failure(met), "certificate_refused");
  EXPECT_EQ(refusal(met), "unknown_issuer");
}

TEST_P(Resumption, DoesNotCrossToAnotherEntry) {
  auto config = config_with(partners());
  config.entries.push_back(
      {"b", {"b.example"}, site(), trust("others", other_ca().certificate_pem())});
  const auto context = server(config, keys_);
  ticket_from(*context);
  EXPECT_EQ(refusal(resume(*context, "b.example")), "unknown_issuer");
  const Met open = resume(*context, "open.example");
  ASSERT_EQ(open.result.outcome, Outcome::done);
  EXPECT_FALSE(open.transport->info().resumed);
  EXPECT_EQ(open.transport->info().peer, nullptr);
}

TEST_P(Resumption, BringsNoCertificateFromAnEntryThatAsksForNone) {
  const auto context = server(config_with(partners()), keys_);
  ticket_from(*context, "open.example");
  const Met met = resume(*context);
  ASSERT_EQ(met.result.outcome, Outcome::done);
  EXPECT_FALSE(met.transport->info().resumed);
  EXPECT_NE(met.transport->info().peer, nullptr);
}

TEST_P(Resumption, DoesNotCrossToAnotherListener) {
  const auto one = server(config_with(partners()), keys_);
  auto config = config_with(partners());
  config.listener = "internal";
  const auto two = server(config, keys_);
  ticket_from(*one);
  EXPECT_FALSE(resume(*two).transport->info().resumed);
}

// Each resumption brings a new ticket, and none of them prolongs what the first handshake proved.
TEST_P(Resumption, EndsHoweverOftenTheTicketWasRenewed) {
  const auto context = server(config_with(partners()), keys_);
  ticket_from(*context);
  constexpr std::int64_t kDay = 24LL * 3600 * 1000;
  const std::int64_t start = wall_now().unix_ms;
  for (const std::int64_t days : {1, 10, 29}) {
    const Met met = resume(*context, "api.example", {start + days * kDay});
    ASSERT_EQ(met.result.outcome, Outcome::done) << met.result.text;
    EXPECT_TRUE(met.transport->info().resumed);
  }
  const Met met = resume(*context, "api.example", {start + 31 * kDay});
  EXPECT_EQ(failure(met), "certificate_refused");
  EXPECT_EQ(refusal(met), "expired");
}

TEST_P(Resumption, EndsWithTheRevocation) {
  const auto identity = client_ca().issue({.common_name = "app"});
  client_.use(identity);
  const auto listing = [&](std::vector<std::string> serials, std::int64_t until) {
    TrustStoreSpec spec;
    TrustEntrySpec entry;
    entry.id = "ca";
    entry.pem = client_ca().certificate_pem();
    spec.name = "partners";
    spec.entries = {entry};
    spec.crl.emplace();
    spec.crl->files = {
        {"list.crl",
         std::make_shared<const std::string>(der_of(
             test::TestCrl{.serials = std::move(serials), .next_update = until}, client_ca()))}};
    return server(config_with(TrustStore::make(std::move(spec), wall_now())->store), keys_);
  };
  const std::int64_t until = wall_now().unix_seconds() + 1000;
  const auto before = listing({}, until);
  ticket_from(*before);
  EXPECT_TRUE(resume(*before).transport->info().resumed);
  EXPECT_TRUE(resume(*before).transport->info().resumed);
  EXPECT_EQ(refusal(resume(*before, "api.example", {(until + 1) * 1000})), "crl_expired");
  const auto after = listing({crypto::view_certificate(identity.der)->serial}, until);
  EXPECT_EQ(refusal(resume(*after)), "revoked");
}

TEST_P(Resumption, EndsWithTheCertificate) {
  const auto context = server(config_with(partners()), keys_);
  ticket_from(*context);
  // The ticket itself is fresh; the certificate inside it is judged by today's time.
  const WallTime later{wall_now().unix_ms + 60LL * 24 * 3600 * 1000};
  const Met met = resume(*context, "api.example", later);
  EXPECT_EQ(failure(met), "certificate_refused") << met.result.text;
  EXPECT_EQ(refusal(met), "expired");
  EXPECT_EQ(client_.alert(), SSL_AD_CERTIFICATE_EXPIRED);
}

}  // namespace
}  // namespace sallyport::tls
