#include "gateway/tls/handshake.h"

#include <gtest/gtest.h>

#include "gateway/tls/test_peer.h"

namespace sallyport::tls {
namespace {

using namespace testing;  // NOLINT: the room's own helpers
using test::KeyKind;
using test::TestCa;

const TestCa& ca() {
  static const TestCa instance("Server CA");
  return instance;
}

std::shared_ptr<const Credentials> site(const std::string& name, KeyKind key = KeyKind::p256) {
  return credentials(
      ca().issue({.common_name = name, .dns_names = {name}, .server_auth = true, .key = key}));
}

ServerConfig config_of(KeyKind key = KeyKind::p256) {
  ServerConfig config;
  config.listener = "public";
  config.entries = {{"api", {"api.example", "*.apps.example"}, site("api.example", key), nullptr}};
  return config;
}

std::string shown_name(RawClient& client) {
  const STACK_OF(CRYPTO_BUFFER)* chain = SSL_get0_peer_certificates(client.ssl());
  if (chain == nullptr) return "";
  const CRYPTO_BUFFER* leaf = sk_CRYPTO_BUFFER_value(chain, 0);
  auto view = crypto::view_certificate(
      {reinterpret_cast<const char*>(CRYPTO_BUFFER_data(leaf)), CRYPTO_BUFFER_len(leaf)});
  return view ? view->common_name : "";
}

TEST(Handshake, SettlesOnTls13) {
  const auto context = server(config_of());
  RawClient client;
  const Met met = meet(*context, client, "API.example");
  ASSERT_EQ(met.result.outcome, Outcome::done) << met.result.text;
  const ConnectionInfo& info = met.transport->info();
  EXPECT_EQ(info.version, "TLSv1.3");
  EXPECT_EQ(info.group, "X25519");
  EXPECT_TRUE(info.cipher.starts_with("TLS_")) << info.cipher;
  EXPECT_EQ(info.sni, "api.example");
  EXPECT_EQ(info.alpn, "");
  EXPECT_FALSE(info.resumed);
  EXPECT_EQ(info.peer, nullptr);
}

TEST(Handshake, AcceptsTls12WithForwardSecrecyAndAead) {
  for (const KeyKind key : {KeyKind::p256, KeyKind::rsa2048}) {
    const auto context = server(config_of(key));
    RawClient client;
    client.offer(TLS1_2_VERSION, TLS1_2_VERSION);
    const Met met = meet(*context, client, "api.example");
    ASSERT_EQ(met.result.outcome, Outcome::done) << met.result.text;
    EXPECT_EQ(met.transport->info().version, "TLSv1.2");
    EXPECT_TRUE(met.transport->info().cipher.starts_with("TLS_ECDHE_"))
        << met.transport->info().cipher;
  }
}

TEST(Handshake, RefusesTls11) {
  const auto context = server(config_of());
  RawClient client;
  client.offer(TLS1_VERSION, TLS1_1_VERSION);
  const Met met = meet(*context, client, "api.example");
  EXPECT_EQ(failure(met), "no_shared_version") << met.result.text;
  EXPECT_EQ(client.alert(), SSL_AD_PROTOCOL_VERSION);
}

TEST(Handshake, RefusesTls12WhereTls13IsTheLeast) {
  auto config = config_of();
  config.min_version = Version::tls13;
  const auto context = server(config);
  RawClient client;
  client.offer(TLS1_2_VERSION, TLS1_2_VERSION);
  EXPECT_EQ(failure(meet(*context, client, "api.example")), "no_shared_version");
}

TEST(Handshake, RefusesSuitesWithoutForwardSecrecyOrAead) {
  const auto context = server(config_of(KeyKind::rsa2048));
  for (const char* suites : {"AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA", "AES128-SHA"}) {
    RawClient client;
    client.offer(TLS1_2_VERSION, TLS1_2_VERSION);
    ASSERT_EQ(SSL_CTX_set_strict_cipher_list(client.context(), suites), 1) << suites;
    EXPECT_EQ(failure(meet(*context, client, "api.example")), "no_shared_cipher") << suites;
  }
}

TEST(Handshake, LetsTheClientChooseBetweenAesAndChaCha) {
  const auto context = server(config_of());
  for (const char* first : {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"}) {
    RawClient client;
    client.offer(TLS1_2_VERSION, TLS1_2_VERSION);
    const std::string suites =
        std::string(first) + ":ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256";
    ASSERT_EQ(SSL_CTX_set_cipher_list(client.context(), suites.c_str()), 1);
    const Met met = meet(*context, client, "api.example");
    ASSERT_EQ(met.result.outcome, Outcome::done);
    const bool is_chacha = met.transport->info().cipher.find("CHACHA") != std::string_view::npos;
    EXPECT_EQ(is_chacha, std::string(first).find("CHACHA") != std::string::npos);
  }
}

TEST(Handshake, RefusesGroupsItDoesNotOffer) {
  const auto context = server(config_of());
  RawClient client;
  const std::array<int, 1> groups{NID_secp521r1};
  ASSERT_EQ(SSL_CTX_set1_curves(client.context(), groups.data(), groups.size()), 1);
  EXPECT_EQ(failure(meet(*context, client, "api.example")), "no_shared_cipher");
}

TEST(Handshake, AgreesOnEveryGroupItOffers) {
  const auto context = server(config_of(KeyKind::rsa2048));
  for (const auto& [group, name] :
       {std::pair{NID_X25519, "X25519"}, std::pair{NID_X9_62_prime256v1, "P-256"},
        std::pair{NID_secp384r1, "P-384"}}) {
    for (const std::uint16_t version : kVersions) {
      RawClient client;
      client.offer(version, version);
      ASSERT_EQ(SSL_CTX_set1_curves(client.context(), &group, 1), 1);
      const Met met = meet(*context, client, "api.example");
      ASSERT_EQ(met.result.outcome, Outcome::done) << name << met.result.text;
      EXPECT_EQ(met.transport->info().group, name);
    }
  }
}

TEST(Handshake, RefusesSha1Signatures) {
  const auto context = server(config_of(KeyKind::rsa2048));
  RawClient client;
  client.offer(TLS1_2_VERSION, TLS1_2_VERSION);
  const std::array<std::uint16_t, 1> sha1{SSL_SIGN_RSA_PKCS1_SHA1};
  ASSERT_EQ(SSL_CTX_set_verify_algorithm_prefs(client.context(), sha1.data(), sha1.size()), 1);
  const Met met = meet(*context, client, "api.example");
  EXPECT_EQ(failure(met), "no_shared_signature") << met.result.text;
}

TEST(Handshake, ChoosesTheCertificateByName) {
  auto config = config_of();
  config.entries.push_back({"other", {"other.example"}, site("other.example"), nullptr});
  const auto context = server(config);
  for (const auto& [asked, shown] :
       {std::pair{"api.example", "api.example"}, std::pair{"other.example", "other.example"},
        std::pair{"OTHER.Example", "other.example"}, std::pair{"x.apps.example", "api.example"}}) {
    RawClient client;
    const Met met = meet(*context, client, asked);
    ASSERT_EQ(met.result.outcome, Outcome::done) << asked;
    EXPECT_EQ(shown_name(client), shown) << asked;
  }
}

TEST(Handshake, RefusesUnknownNames) {
  const auto context = server(config_of());
  for (const char* name : {"unknown.example", "apps.example", "a.b.apps.example",
                           "api.example.evil", "xapi.example", ""}) {
    RawClient client;
    const Met met = meet(*context, client, name);
    EXPECT_EQ(failure(met), "unknown_sni") << name;
    EXPECT_EQ(client.alert(), SSL_AD_UNRECOGNIZED_NAME) << name;
  }
}

TEST(Handshake, TakesTheDefaultEntryWhereThereIsOne) {
  auto config = config_of();
  config.default_entry = 0;
  const auto context = server(config);
  for (const char* name : {"unknown.example", ""}) {
    RawClient client;
    EXPECT_EQ(meet(*context, client, name).result.outcome, Outcome::done) << name;
    EXPECT_EQ(shown_name(client), "api.example");
  }
}

TEST(Handshake, PrefersOurOrderOfProtocols) {
  auto config = config_of();
  config.alpn = {"h2", "http/1.1"};
  const auto context = server(config);
  RawClient client;
  const std::string offer = "\x08http/1.1\x02h2";
  SSL_CTX_set_alpn_protos(client.context(), crypto::data_of(offer),
                          static_cast<unsigned>(offer.size()));
  const Met met = meet(*context, client, "api.example");
  ASSERT_EQ(met.result.outcome, Outcome::done);
  EXPECT_EQ(met.transport->info().alpn, "h2");
}

TEST(Handshake, RefusesClientsThatInsistOnAnotherProtocol) {
  auto config = config_of();
  config.alpn = {"h2"};
  const auto context = server(config);
  RawClient client;
  const std::string offer = "\x03h2c\x04spdy";
  SSL_CTX_set_alpn_protos(client.context(), crypto::data_of(offer),
                          static_cast<unsigned>(offer.size()));
  const Met met = meet(*context, client, "api.example");
  EXPECT_EQ(failure(met), "no_shared_protocol");
  EXPECT_EQ(client.alert(), SSL_AD_NO_APPLICATION_PROTOCOL);
}

TEST(Handshake, RecognisesPlainHttp) {
  const auto context = server(config_of());
  const auto fds = socket_pair();
  const auto transport = context->accept(fds[0]);
  ASSERT_GT(write(fds[1], "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27), 0);
  const auto result = transport->handshake(wall_now());
  EXPECT_EQ(to_string(result.failure), "http_request_on_tls_port") << result.text;
  close(fds[1]);
}

TEST(Handshake, CallsGarbageAProtocolError) {
  const auto context = server(config_of());
  const auto fds = socket_pair();
  const auto transport = context->accept(fds[0]);
  ASSERT_GT(write(fds[1], "\x16\x03\x01\xff\xff garbage", 14), 0);
  EXPECT_EQ(to_string(transport->handshake(wall_now()).failure), "protocol_error");
  close(fds[1]);
}

TEST(Handshake, NoticesAPeerThatLeaves) {
  const auto context = server(config_of());
  // Before a byte, and in the middle of it.
  for (const int steps : {0, 1}) {
    const auto fds = socket_pair();
    const auto transport = context->accept(fds[0]);
    RawClient client;
    client.connect(fds[1], "api.example");
    for (int i = 0; i < steps; ++i) client.step();
    ASSERT_EQ(transport->handshake(wall_now()).outcome, Outcome::again_read);
    client.disconnect();
    const auto result = transport->handshake(wall_now());
    EXPECT_EQ(to_string(result.failure), "peer_closed") << result.text;
  }
}

TEST(Handshake, ReportsTheAlertOfThePeer) {
  const auto context = server(config_of());
  RawClient client;
  SSL_CTX_set_custom_verify(client.context(), SSL_VERIFY_PEER, [](SSL*, std::uint8_t* alert) {
    *alert = SSL_AD_UNKNOWN_CA;
    return ssl_verify_invalid;
  });
  const Met met = meet(*context, client, "api.example");
  EXPECT_EQ(failure(met), "peer_alert");
  EXPECT_EQ(met.result.peer_alert, SSL_AD_UNKNOWN_CA);
  EXPECT_NE(met.result.text.find("unknown"), std::string::npos) << met.result.text;
}

TEST(Handshake, BeginsWithBytesThatWereReadBefore) {
  const auto context = server(config_of());
  const auto fds = socket_pair();
  RawClient client;
  client.connect(fds[1], "api.example");
  client.step();
  char hello[4096];
  const ssize_t size = read(fds[0], hello, sizeof hello);
  ASSERT_GT(size, 0);
  const auto transport =
      context->accept(fds[0], std::string_view(hello, static_cast<std::size_t>(size)));
  ASSERT_EQ(transport->handshake(wall_now()).outcome, Outcome::again_read);
  client.step();
  EXPECT_EQ(transport->handshake(wall_now()).outcome, Outcome::done);
}

TEST(Handshake, SurvivesBytesThatTrickle) {
  const auto context = server(config_of());
  const auto fds = socket_pair();
  const auto transport = context->accept(fds[0]);
  const auto inner = socket_pair();
  RawClient client;
  client.connect(inner[1], "api.example");
  bool done = false;
  for (int i = 0; i < 20000 && !done; ++i) {
    client.step();
    char byte;
    if (read(inner[0], &byte, 1) == 1) {
      ASSERT_EQ(write(fds[1], &byte, 1), 1);
    }
    const auto result = transport->handshake(wall_now());
    ASSERT_NE(result.outcome, Outcome::failed) << result.text;
    done = result.outcome == Outcome::done;
    char back[4096];
    const ssize_t size = read(fds[1], back, sizeof back);
    if (size > 0) {
      ASSERT_EQ(write(inner[0], back, static_cast<std::size_t>(size)), size);
    }
  }
  EXPECT_TRUE(done);
  close(fds[1]);
  close(inner[0]);
}

TEST(ServerContext, RefusesContradictions) {
  const auto fails = [](const ServerConfig& config) {
    return !ServerContext::make(std::make_shared<const ServerConfig>(config), nullptr).has_value();
  };
  auto config = config_of();
  EXPECT_FALSE(fails(config));
  config.entries.push_back({"b", {"API.EXAMPLE"}, site("x"), nullptr});
  EXPECT_TRUE(fails(config));  // the name is there twice
  config.entries.back().names = {"*.apps.example"};
  EXPECT_TRUE(fails(config));
  for (const char* name : {"", "*", "*.", "a..b", "a b", "*.*.x", "x.*", "a/b"}) {
    config.entries.back().names = {name};
    EXPECT_TRUE(fails(config)) << name;
  }
  config.entries.back().names = {"fine.example"};
  EXPECT_FALSE(fails(config));
  config.default_entry = 2;
  EXPECT_TRUE(fails(config));
  config.default_entry.reset();
  config.entries.back().credentials = nullptr;
  EXPECT_TRUE(fails(config));
  config = config_of();
  config.alpn = {""};
  EXPECT_TRUE(fails(config));
  config.alpn = {};
  config.entries.clear();
  EXPECT_TRUE(fails(config));
}

}  // namespace
}  // namespace sallyport::tls
