#include "gateway/tls/client_context.h"

#include <gtest/gtest.h>

#include "gateway/tls/test_peer.h"

namespace sallyport::tls {
namespace {

using namespace testing;  // NOLINT: the room's own helpers
using test::CertificateSpec;
using test::TestCa;

const TestCa& ca() {
  static const TestCa instance("Server CA");
  return instance;
}

std::shared_ptr<ClientContext> client(std::shared_ptr<const Credentials> own = nullptr) {
  auto made = ClientContext::make({trust("issuers", ca().certificate_pem()), std::move(own), {}});
  EXPECT_TRUE(made);
  return *made;
}

struct Both {
  std::unique_ptr<TlsTransport> client, server;
  HandshakeResult result;  // the client's
};

Both shake(ClientContext& from, ServerContext& to, std::string_view host) {
  const auto fds = socket_pair();
  Both both;
  both.server = to.accept(fds[0]);
  auto made = from.connect(fds[1], host);
  EXPECT_TRUE(made);
  both.client = std::move(*made);
  bool client_over = false, server_over = false;
  const auto is_over = [](const HandshakeResult& result) {
    return result.outcome == Outcome::done || result.outcome == Outcome::failed;
  };
  for (int i = 0; i < 20; ++i) {
    if (!client_over) client_over = is_over(both.result = both.client->handshake(wall_now()));
    if (!server_over) server_over = is_over(both.server->handshake(wall_now()));
  }
  EXPECT_TRUE(client_over);
  return both;
}

std::shared_ptr<ServerContext> site(const CertificateSpec& spec, const TestCa& issuer = ca(),
                                    std::shared_ptr<const TicketKeys> tickets = nullptr) {
  ServerConfig config;
  config.listener = "site";
  config.entries = {{"only", {}, credentials(issuer.issue(spec)), nullptr}};
  config.default_entry = 0;
  return server(config, std::move(tickets));
}

std::string_view refused(const Both& both) {
  return both.result.refusal ? to_string(both.result.refusal->reason) : "none";
}

// read_ticket lets the client take the server's ticket, which leaves with its first octet.
void read_ticket(Both& both) {
  std::string octet = "x";
  const std::array pieces{iovec{octet.data(), octet.size()}};
  EXPECT_EQ(both.server->write(pieces).bytes, 1U);
  std::array<char, 16> to;
  EXPECT_EQ(both.client->read(to).bytes, 1U);
}

TEST(ClientContext, ResumesTheLastSessionWithAHost) {
  const auto to =
      site({.dns_names = {"issuer.example", "other.example"}}, ca(), TicketKeys::make());
  const auto from = client();
  Both first = shake(*from, *to, "issuer.example");
  ASSERT_EQ(first.result.outcome, Outcome::done);
  EXPECT_FALSE(first.client->info().resumed);
  read_ticket(first);
  Both second = shake(*from, *to, "issuer.example");
  ASSERT_EQ(second.result.outcome, Outcome::done);
  EXPECT_TRUE(second.client->info().resumed);
  ASSERT_NE(second.client->info().peer, nullptr) << "the session brings the server's certificate";
  EXPECT_FALSE(shake(*from, *to, "other.example").client->info().resumed) << "of another host";
}

TEST(ClientContext, BelievesTheHostThatItMeant) {
  const auto to = site({.dns_names = {"issuer.example", "*.wild.example"}});
  for (const char* host : {"issuer.example", "ISSUER.example", "a.wild.example"}) {
    Both both = shake(*client(), *to, host);
    ASSERT_EQ(both.result.outcome, Outcome::done) << both.result.text;
    ASSERT_NE(both.client->info().peer, nullptr);
    EXPECT_EQ(both.client->info().peer->trust_store(), "issuers");
    const std::string request = "GET";
    const std::array pieces{iovec{const_cast<char*>(request.data()), request.size()}};
    EXPECT_EQ(both.client->write(pieces).bytes, 3U);
    char room[10];
    EXPECT_EQ(both.server->read(room).bytes, 3U);
  }
}

TEST(ClientContext, RefusesAnotherHost) {
  const auto to = site({.common_name = "issuer.example", .dns_names = {"*.wild.example"}});
  for (const char* host : {"issuer.example", "wild.example", "a.b.wild.example", "127.0.0.1"}) {
    const Both both = shake(*client(), *to, host);
    EXPECT_EQ(refused(both), "wrong_name") << host << both.result.text;
  }
}

TEST(ClientContext, KnowsAddresses) {
  const auto to = site({.ips = {std::string("\x7f\0\0\1", 4)}});
  EXPECT_EQ(shake(*client(), *to, "127.0.0.1").result.outcome, Outcome::done);
  EXPECT_EQ(refused(shake(*client(), *to, "127.0.0.2")), "wrong_name");
}

TEST(ClientContext, RefusesUnknownIssuersAndClientCertificates) {
  const CertificateSpec spec{.dns_names = {"a.example"}};
  EXPECT_EQ(refused(shake(*client(), *site(spec, TestCa("Other")), "a.example")), "unknown_issuer");
  EXPECT_EQ(refused(shake(*client(), *site({.dns_names = {"a.example"}, .client_auth = true}),
                          "a.example")),
            "wrong_purpose");
}

TEST(ClientContext, ShowsItsCertificateWhenAsked) {
  const auto own = credentials(ca().issue({.common_name = "gateway", .client_auth = true}));
  ServerConfig config;
  config.listener = "site";
  config.entries = {{"only",
                     {"a.example"},
                     credentials(ca().issue({.dns_names = {"a.example"}})),
                     trust("gateways", ca().certificate_pem())}};
  const auto to = server(config);
  const Both both = shake(*client(own), *to, "a.example");
  ASSERT_EQ(both.result.outcome, Outcome::done) << both.result.text;
  ASSERT_NE(both.server->info().peer, nullptr);
  EXPECT_EQ(both.server->info().peer->view().common_name, "gateway");
}

TEST(ClientContext, RefusesWhatIsNoHost) {
  for (const std::string& host :
       {std::string(), std::string("a b"), std::string("a\0b", 3), std::string(300, 'a'),
        std::string("a/b"), std::string("[::1]")}) {
    const auto fds = socket_pair();
    EXPECT_FALSE(client()->connect(fds[1], host).has_value());
    close(fds[0]);
  }
}

}  // namespace
}  // namespace sallyport::tls
