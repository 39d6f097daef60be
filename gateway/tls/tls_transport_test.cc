#include "gateway/tls/tls_transport.h"

#include <gtest/gtest.h>
#include <openssl/aead.h>
#include <sys/ioctl.h>

#include "gateway/tls/test_peer.h"

namespace sallyport::tls {
namespace {

using namespace testing;  // NOLINT: the room's own helpers
using event::Io;
using event::IoResult;
using test::TestCa;

std::shared_ptr<ServerContext> context() {
  static const TestCa ca("Server CA");
  static const auto site = credentials(ca.issue({.dns_names = {"api.example"}}));
  ServerConfig config;
  config.listener = "public";
  config.entries = {{"api", {"api.example"}, site, nullptr}};
  return server(config);
}

iovec piece(std::string_view text) { return {const_cast<char*>(text.data()), text.size()}; }

IoResult write_all(TlsTransport& transport, std::initializer_list<std::string_view> texts) {
  std::vector<iovec> pieces;
  for (const auto text : texts) pieces.push_back(piece(text));
  return transport.write(pieces);
}

std::string noise(std::size_t size) {
  std::string out(size, '\0');
  std::uint32_t state = 7;
  for (char& c : out) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return out;
}

// Talk is a finished handshake.
struct Talk {
  std::shared_ptr<ServerContext> with = context();
  RawClient client;
  Met met;

  explicit Talk(std::uint16_t version = TLS1_3_VERSION) {
    client.offer(version, version);
    met = meet(*with, client, "api.example");
    EXPECT_EQ(met.result.outcome, Outcome::done) << met.result.text;
  }
  TlsTransport& server() { return *met.transport; }
  std::string client_reads(std::size_t limit) {
    std::string out(limit, '\0');
    const int got = client.read(out.data(), static_cast<int>(limit));
    out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return out;
  }
  void client_writes(std::string_view text) {
    ASSERT_EQ(SSL_write(client.ssl(), text.data(), static_cast<int>(text.size())),
              static_cast<int>(text.size()));
  }
};

std::string read_some(TlsTransport& transport, std::size_t room = 65536) {
  std::string out(room, '\0');
  const auto result = transport.read(out);
  EXPECT_EQ(result.outcome, Io::done);
  out.resize(result.bytes);
  return out;
}

int bytes_waiting(int fd) {
  int size = 0;
  EXPECT_EQ(ioctl(fd, FIONREAD, &size), 0);
  return size;
}

TEST(TlsTransport, CarriesBytesBothWays) {
  for (const std::uint16_t version : kVersions) {
    Talk talk(version);
    talk.client_writes("ping");
    EXPECT_EQ(read_some(talk.server()), "ping");
    EXPECT_EQ(write_all(talk.server(), {"po", "ng"}).bytes, 4U);
    EXPECT_EQ(talk.client_reads(100), "pong");
  }
}

TEST(TlsTransport, SaysAgainWhenThereIsNothing) {
  Talk talk;
  char room[10];
  EXPECT_EQ(talk.server().read(room).outcome, Io::again_read);
  EXPECT_FALSE(talk.server().has_buffered());
}

TEST(TlsTransport, JoinsSmallPiecesIntoOneRecord) {
  Talk talk;
  const int before = bytes_waiting(talk.client.fd());
  write_all(talk.server(), {"head", "", "body", "tail"});
  // A TLS 1.3 record adds 22 bytes: header, type, tag.
  EXPECT_EQ(bytes_waiting(talk.client.fd()) - before, 12 + 22);
  EXPECT_EQ(talk.client_reads(100), "headbodytail");
}

TEST(TlsTransport, FillsRecordsAcrossPieces) {
  Talk talk;
  const std::string big = noise(40000);
  EXPECT_EQ(write_all(talk.server(), {"head", big, "tail"}).bytes, 40008U);
  // Two full records and the rest: 3 x 22 bytes.
  EXPECT_EQ(bytes_waiting(talk.client.fd()), 40008 + 3 * 22);
  std::string got;
  while (got.size() < 40008) got += talk.client_reads(65536);
  EXPECT_EQ(got, "head" + big + "tail");
}

TEST(TlsTransport, TakesALimitedPartOfAnEndlessWrite) {
  Talk talk;
  const std::string endless = noise(1 << 20);
  EXPECT_EQ(write_all(talk.server(), {endless}).bytes, 64U * 1024);
}

TEST(TlsTransport, KeepsWhatItReadAhead) {
  Talk talk;
  for (int i = 0; i < 10; ++i) talk.client_writes("0123456789");
  EXPECT_EQ(read_some(talk.server(), 15), "012345678901234");
  EXPECT_TRUE(talk.server().has_buffered());
  EXPECT_EQ(bytes_waiting(talk.server().fd()), 0);
  EXPECT_EQ(read_some(talk.server(), 1000).size(), 85U);
  EXPECT_FALSE(talk.server().has_buffered());
}

// pump writes all of `bytes` while the other side reads as little as `gulp` at a time.
std::string pump(TlsTransport& from, RawClient& to, const std::string& bytes, std::size_t gulp) {
  std::string got;
  std::string room(gulp, '\0');
  std::size_t sent = 0;
  for (int i = 0; i < 200000 && got.size() < bytes.size(); ++i) {
    if (sent < bytes.size()) {
      // The rest in two pieces, cut anew each time.
      const std::string_view rest = std::string_view(bytes).substr(sent);
      const std::size_t cut = rest.size() / 3;
      const std::array pieces{piece(rest.substr(0, cut)), piece(rest.substr(cut))};
      const auto result = from.write(pieces);
      EXPECT_TRUE(result.outcome == Io::done || result.outcome == Io::again_write);
      EXPECT_TRUE(result.outcome != Io::done || result.bytes > 0);
      sent += result.bytes;
    }
    const int count = to.read(room.data(), static_cast<int>(gulp));
    if (count > 0) got.append(room.data(), static_cast<std::size_t>(count));
  }
  EXPECT_EQ(sent, bytes.size());
  return got;
}

TEST(TlsTransport, WritesThroughATightSocket) {
  for (const std::uint16_t version : kVersions) {
    Talk talk(version);
    const int small = 4096;
    setsockopt(talk.server().fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    const std::string bytes = noise(1 << 20);
    EXPECT_EQ(pump(talk.server(), talk.client, bytes, 1000), bytes);
  }
}

TEST(TlsTransport, OffersLessAfterAPartAndLosesNothing) {
  Talk talk;
  const int small = 4096;
  setsockopt(talk.server().fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  const std::string bytes = noise(60000);
  std::string got;
  std::size_t sent = 0;
  for (int i = 0; i < 100000 && (sent < bytes.size() || got.size() < bytes.size()); ++i) {
    // First all of it, then only a few bytes of what is left.
    const std::size_t most = i == 0 ? bytes.size() : 10;
    const std::array pieces{piece(std::string_view(bytes).substr(sent, most))};
    if (sent < bytes.size()) sent += talk.server().write(pieces).bytes;
    got += talk.client_reads(65536);
  }
  EXPECT_EQ(sent, bytes.size());
  EXPECT_EQ(got, bytes);
}

TEST(TlsTransport, EchoesAMegabyte) {
  Talk talk;
  const std::string bytes = noise(1 << 20);
  std::string echoed;
  std::string held;
  std::size_t sent = 0;
  std::string room(70000, '\0');
  for (int i = 0; i < 100000 && echoed.size() < bytes.size(); ++i) {
    if (sent < bytes.size()) {
      ERR_clear_error();
      const int count =
          SSL_write(talk.client.ssl(), bytes.data() + sent,
                    static_cast<int>(std::min<std::size_t>(bytes.size() - sent, 9999)));
      if (count > 0) sent += static_cast<std::size_t>(count);
    }
    if (held.size() < 100000) {
      const auto in = talk.server().read(room);
      held.append(room.data(), in.bytes);
    }
    if (!held.empty()) held.erase(0, write_all(talk.server(), {held}).bytes);
    const int count = talk.client.read(room.data(), static_cast<int>(room.size()));
    if (count > 0) echoed.append(room.data(), static_cast<std::size_t>(count));
  }
  EXPECT_EQ(echoed, bytes);
}

TEST(TlsTransport, TellsAGoodbyeFromABreak) {
  char room[10];
  {
    Talk talk;
    SSL_shutdown(talk.client.ssl());
    EXPECT_EQ(talk.server().read(room).outcome, Io::end);
  }
  {
    Talk talk;
    talk.client.disconnect();
    EXPECT_EQ(talk.server().read(room).outcome, Io::failed);
    EXPECT_EQ(write_all(talk.server(), {"x"}).outcome, Io::failed);
  }
}

TEST(TlsTransport, DeliversWhatCameBeforeTheGoodbye) {
  Talk talk;
  talk.client_writes("last");
  SSL_shutdown(talk.client.ssl());
  char room[10];
  EXPECT_EQ(read_some(talk.server(), 10), "last");
  EXPECT_EQ(talk.server().read(room).outcome, Io::end);
}

TEST(TlsTransport, SaysGoodbye) {
  Talk talk;
  write_all(talk.server(), {"bye"});
  talk.server().close_write();
  EXPECT_EQ(talk.client_reads(10), "bye");
  char nothing;
  const int got = SSL_read(talk.client.ssl(), &nothing, 1);
  EXPECT_EQ(SSL_get_error(talk.client.ssl(), got), SSL_ERROR_ZERO_RETURN);
  // The other direction still works (RFC 8446 section 6.1).
  talk.client_writes("more");
  EXPECT_EQ(read_some(talk.server(), 10), "more");
}

TEST(TlsTransport, FailsOnDamagedRecords) {
  Talk talk;
  ASSERT_EQ(write(talk.client.fd(), "\x17\x03\x03\x00\x20 this is no ciphertext of anyone.", 37),
            37);
  char room[100];
  EXPECT_EQ(talk.server().read(room).outcome, Io::failed);
  EXPECT_EQ(talk.server().read(room).outcome, Io::failed);
  EXPECT_EQ(write_all(talk.server(), {"x"}).outcome, Io::failed);
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(TlsTransport, FollowsKeyUpdates) {
  Talk talk;
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(SSL_key_update(talk.client.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    talk.client_writes("a");
    EXPECT_EQ(read_some(talk.server(), 10), "a");
    write_all(talk.server(), {"b"});
    EXPECT_EQ(talk.client_reads(10), "b");
  }
}

// sealed_hello returns the record of a ClientHello under the connection's keys, as a client that
// renegotiates sends it; the library's own client cannot be made to. RFC 5246 section 6.3, RFC
// 5288.
std::string sealed_hello(SSL* client) {
  constexpr std::size_t kKey = 16, kSalt = 4, kExplicit = 8;
  std::array<std::uint8_t, 2 * (kKey + kSalt)> block{};
  EXPECT_EQ(SSL_get_key_block_len(client), block.size());
  EXPECT_EQ(SSL_generate_key_block(client, block.data(), block.size()), 1);
  const std::string hello("\x01\x00\x00\x05hello", 9);
  std::string sequence(kExplicit, '\0');
  for (std::size_t i = 0; i < kExplicit; ++i) {
    sequence[i] = static_cast<char>(SSL_get_write_sequence(client) >> (56 - 8 * i));
  }
  const std::string nonce = std::string(crypto::view_of(block.data() + 2 * kKey, kSalt)) + sequence;
  const std::string header = sequence + std::string("\x16\x03\x03\x00\x09", 5);
  bssl::ScopedEVP_AEAD_CTX aead;
  EXPECT_EQ(EVP_AEAD_CTX_init(aead.get(), EVP_aead_aes_128_gcm(), block.data(), kKey, 16, nullptr),
            1);
  std::array<std::uint8_t, 64> out;
  std::size_t size = 0;
  EXPECT_EQ(EVP_AEAD_CTX_seal(aead.get(), out.data(), &size, out.size(), crypto::data_of(nonce),
                              nonce.size(), crypto::data_of(hello), hello.size(),
                              crypto::data_of(header), header.size()),
            1);
  const std::string body = sequence + std::string(crypto::view_of(out.data(), size));
  return std::string("\x16\x03\x03\x00", 4) + static_cast<char>(body.size()) + body;
}

TEST(TlsTransport, RefusesRenegotiation) {
  const auto with = context();
  RawClient client;
  client.offer(TLS1_2_VERSION, TLS1_2_VERSION);
  ASSERT_EQ(SSL_CTX_set_strict_cipher_list(client.context(), "ECDHE-ECDSA-AES128-GCM-SHA256"), 1);
  const Met met = meet(*with, client, "api.example");
  ASSERT_EQ(met.result.outcome, Outcome::done);
  const std::string record = sealed_hello(client.ssl());
  ASSERT_EQ(write(client.fd(), record.data(), record.size()), static_cast<ssize_t>(record.size()));
  char room[100];
  EXPECT_EQ(met.transport->read(room).outcome, Io::failed);
  client.read(room, 1);
  EXPECT_EQ(client.alert(), SSL_AD_NO_RENEGOTIATION);
}

}  // namespace
}  // namespace sallyport::tls
