#pragma once

// TestServer listens on a free loopback port and answers every request the same way, plain or under
// TLS. Header only and for the tests of this room.

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/event/transport.h"
#include "gateway/event/watch.h"
#include "gateway/tls/server_context.h"

namespace sallyport::clients {

class TestServer final : private event::WatchHandler {
 public:
  // Answer is called with a request once its head is complete, and returns what to send; after that
  // the connection is closed if the request asked for that. An empty text leaves the caller
  // waiting.
  using Answer = std::function<std::string(const std::string& request)>;

  TestServer(event::Loop& loop, Answer answer, std::shared_ptr<tls::ServerContext> tls = nullptr)
      : loop_(loop),
        answer_(std::move(answer)),
        tls_(std::move(tls)),
        fd_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)),
        watch_(loop, fd_, *this) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    SALLYPORT_CHECK(bind(fd_, generic, size) == 0 && listen(fd_, 8) == 0);
    SALLYPORT_CHECK(getsockname(fd_, generic, &size) == 0);
    port_ = ntohs(address.sin_port);
    watch_.want_read(true);
  }
  ~TestServer() {
    watch_.want_read(false);
    close(fd_);
  }

  std::string url(const std::string& target = "/jwks") const {
    return (tls_ ? "https://localhost:" : "http://127.0.0.1:") + std::to_string(port_) + target;
  }
  int connections() const { return connections_; }
  // close_all ends every connection, as a server does that has kept them for long enough.
  void close_all() { peers_.clear(); }
  // is_open says whether the caller of the last connection still holds it.
  bool is_open() const { return !peers_.empty() && peers_.back()->is_open(); }

 private:
  class Peer final : private event::WatchHandler {
   public:
    Peer(TestServer& server, int fd)
        : server_(server),
          watch_(std::make_unique<event::Watch>(server.loop_, fd,
                                                static_cast<event::WatchHandler&>(*this))) {
      if (server.tls_) {
        auto secure = server.tls_->accept(fd);
        secure_ = secure.get();
        transport_ = std::move(secure);
      } else {
        transport_ = std::make_unique<event::PlainTransport>(fd);
      }
      watch_->want_read(true);
    }

    bool is_open() const {
      char byte = 0;
      return transport_ && recv(transport_->fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0;
    }

   private:
    void on_readable() override {
      if (secure_ && !shake_hands()) return;
      std::array<char, 4096> buffer;
      for (;;) {
        const auto got = transport_->read(buffer);
        if (got.outcome == event::Io::again_read) return;
        if (got.outcome != event::Io::done) return watch_->want_read(false);
        request_.append(buffer.data(), got.bytes);
        if (request_.find("\r\n\r\n") != std::string::npos) return answer();
      }
    }
    void on_writable() override {}

    bool shake_hands() {
      using Outcome = tls::HandshakeResult::Outcome;
      const auto outcome = secure_->handshake(server_.loop_.wall()).outcome;
      if (outcome == Outcome::done) secure_ = nullptr;
      if (outcome == Outcome::failed) close_now();
      return outcome == Outcome::done;
    }
    void answer() {
      std::string reply = server_.answer_(request_);
      if (reply.empty()) return watch_->want_read(false);
      const iovec piece{reply.data(), reply.size()};
      [[maybe_unused]] const auto sent = transport_->write({&piece, 1});
      const std::string request = std::exchange(request_, "");
      if (request.find("Connection: close") == std::string::npos) return;
      transport_->close_write();
      close_now();
    }
    void close_now() {
      watch_.reset();
      transport_.reset();
    }

    TestServer& server_;
    std::unique_ptr<event::Transport> transport_;
    tls::TlsTransport* secure_ = nullptr;  // until the handshake is over
    std::unique_ptr<event::Watch> watch_;
    std::string request_;
  };

  void on_readable() override {
    const int peer = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK);
    if (peer < 0) return;
    ++connections_;
    peers_.push_back(std::make_unique<Peer>(*this, peer));
  }
  void on_writable() override {}

  event::Loop& loop_;
  const Answer answer_;
  const std::shared_ptr<tls::ServerContext> tls_;
  const int fd_;
  std::uint16_t port_ = 0;
  int connections_ = 0;
  event::Watch watch_;
  std::vector<std::unique_ptr<Peer>> peers_;
};

// ok is a whole answer with that body.
inline std::string ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// run_until turns the loop until `is_done`, and gives up after some seconds.
inline bool run_until(event::Loop& loop, const std::function<bool()>& is_done) {
  const MonoTime end = mono_now() + Seconds(10);
  while (!is_done()) {
    if (mono_now() > end) return false;
    loop.run_once();
    usleep(500);
  }
  return true;
}

}  // namespace sallyport::clients
