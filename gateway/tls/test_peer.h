#pragma once

// For the tests of this room: a server under test and a free-handed client over a socket pair.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/nid.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/crypto/bytes.h"
#include "gateway/crypto/certificate.h"
#include "gateway/tls/client_context.h"
#include "gateway/tls/server_context.h"
#include "tests/support/test_ca.h"

namespace sallyport::tls::testing {

using Outcome = HandshakeResult::Outcome;

inline constexpr std::array<std::uint16_t, 2> kVersions{TLS1_2_VERSION, TLS1_3_VERSION};

inline std::array<int, 2> socket_pair() {
  std::array<int, 2> fds{};
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()), 0);
  return fds;
}

inline std::shared_ptr<const Credentials> credentials(const test::Identity& identity) {
  auto loaded = Credentials::from_pem(identity.chain_pem(), identity.key_pem(), wall_now());
  EXPECT_TRUE(loaded) << loaded.error().text;
  return loaded->credentials;
}

inline std::shared_ptr<const TrustStore> trust(const std::string& name, const std::string& pem) {
  auto loaded = TrustStore::from_pem(name, pem, wall_now());
  EXPECT_TRUE(loaded) << loaded.error().text;
  return loaded->store;
}

inline std::shared_ptr<ServerContext> server(ServerConfig config,
                                             std::shared_ptr<const TicketKeys> tickets = nullptr) {
  auto made = ServerContext::make(std::make_shared<const ServerConfig>(std::move(config)),
                                  std::move(tickets));
  EXPECT_TRUE(made) << made.error().text;
  return std::move(*made);
}

// RawClient is the library's own client, which believes any server.
class RawClient {
 public:
  RawClient() : context_(SSL_CTX_new(TLS_method())) {
    SSL_CTX_set_custom_verify(context_.get(), SSL_VERIFY_NONE,
                              [](SSL*, std::uint8_t*) { return ssl_verify_ok; });
    SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_CLIENT);
    SSL_CTX_set_app_data(context_.get(), this);
    SSL_CTX_set_cert_cb(
        context_.get(),
        [](SSL* ssl, void* self) {
          const auto* names = SSL_get0_server_requested_CAs(ssl);
          static_cast<RawClient*>(self)->asked_ =
              names == nullptr ? 0 : static_cast<int>(sk_CRYPTO_BUFFER_num(names));
          return 1;
        },
        this);
    SSL_CTX_sess_set_new_cb(context_.get(), [](SSL* ssl, SSL_SESSION* session) {
      auto* self = static_cast<RawClient*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
      self->session_.reset(session);
      return 1;
    });
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { disconnect(); }

  SSL_CTX* context() { return context_.get(); }
  SSL* ssl() { return ssl_.get(); }
  int fd() const { return fd_; }
  SSL_SESSION* session() { return session_.get(); }
  std::uint32_t error() const { return error_; }
  // asked is how many CAs the server named when it asked for a certificate; -1: it did not ask.
  int asked() const { return asked_; }
  // alert returns the number of the alert that ended this client's handshake, or -1.
  int alert() const {
    const int reason = ERR_GET_REASON(error_);
    return reason >= SSL_AD_REASON_OFFSET ? reason - SSL_AD_REASON_OFFSET : -1;
  }

  void use(const test::Identity& identity) {
    const auto chain_of = [](const std::string& der) {
      return bssl::UniquePtr<CRYPTO_BUFFER>(CRYPTO_BUFFER_new(
          reinterpret_cast<const std::uint8_t*>(der.data()), der.size(), nullptr));
    };
    std::vector<bssl::UniquePtr<CRYPTO_BUFFER>> chain;
    chain.push_back(chain_of(identity.der));
    for (const std::string& der : identity.issuers_der) chain.push_back(chain_of(der));
    std::vector<CRYPTO_BUFFER*> raw;
    for (const auto& certificate : chain) raw.push_back(certificate.get());
    ASSERT_EQ(
        SSL_CTX_set_chain_and_key(context(), raw.data(), raw.size(), identity.key.get(), nullptr),
        1);
  }
  void offer(std::uint16_t lowest, std::uint16_t highest) {
    SSL_CTX_set_min_proto_version(context(), lowest);
    SSL_CTX_set_max_proto_version(context(), highest);
  }

  // connect begins a connection over `fd`; with `resume`, it offers the last session.
  void connect(int fd, const std::string& name, bool resume = false) {
    disconnect();
    fd_ = fd;
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), fd);
    SSL_set_connect_state(ssl_.get());
    if (!name.empty()) SSL_set_tlsext_host_name(ssl_.get(), name.c_str());
    if (resume && session_) SSL_set_session(ssl_.get(), session_.get());
  }
  void disconnect() {
    ssl_.reset();
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  // step does what can be done of the handshake; true once it is done.
  bool step() {
    ERR_clear_error();
    const int status = SSL_do_handshake(ssl_.get());
    note(status);
    return status == 1;
  }
  int read(char* to, int size) {
    ERR_clear_error();
    const int status = SSL_read(ssl_.get(), to, size);
    if (status <= 0) note(status);
    return status;
  }

 private:
  void note(int status) {
    if (status == 1) return;
    if (const std::uint32_t error = ERR_peek_error(); error != 0) error_ = error;
    ERR_clear_error();
  }

  bssl::UniquePtr<SSL_CTX> context_;
  bssl::UniquePtr<SSL> ssl_;
  bssl::UniquePtr<SSL_SESSION> session_;
  int fd_ = -1;
  std::uint32_t error_ = 0;
  int asked_ = -1;
};

struct Met {
  std::unique_ptr<TlsTransport> transport;  // the server's side
  HandshakeResult result;
  bool client_done = false;
};

// meet connects `client` to `context` and lets both go on until neither can.
inline Met meet(ServerContext& context, RawClient& client, const std::string& name,
                bool resume = false, WallTime now = wall_now()) {
  const auto fds = socket_pair();
  Met met;
  met.transport = context.accept(fds[0]);
  client.connect(fds[1], name, resume);
  bool server_over = false;
  for (int i = 0; i < 20; ++i) {
    met.client_done = client.step() || met.client_done;
    if (!server_over) met.result = met.transport->handshake(now);
    server_over = met.result.outcome == Outcome::done || met.result.outcome == Outcome::failed;
  }
  EXPECT_TRUE(server_over);
  EXPECT_EQ(ERR_peek_error(), 0U);
  // In TLS 1.3 a client may think that all is well until it reads our alert.
  char nothing;
  if (met.client_done && met.result.outcome == Outcome::failed) client.read(&nothing, 1);
  return met;
}

inline std::string_view failure(const Met& met) { return to_string(met.result.failure); }
inline std::string_view refusal(const Met& met) {
  return met.result.refusal ? to_string(met.result.refusal->reason) : "none";
}

}  // namespace sallyport::tls::testing
