#include "gateway/clients/dial.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "gateway/clients/fetch_resolve.h"
#include "gateway/event/watch.h"
#include "gateway/net/address.h"
#include "gateway/tls/client_context.h"

namespace sallyport::clients {
namespace {

using Connection = std::unique_ptr<event::Transport>;

// An address that does not answer must leave time for the next one.
constexpr Milliseconds kConnectTimeout = Seconds(3);

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  SocketAddress(const net::Address& address, std::uint16_t port) {
    if (address.family() == net::Family::v4) {
      auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
      v4->sin_family = AF_INET;
      v4->sin_port = htons(port);
      std::memcpy(&v4->sin_addr, address.bytes().data(), sizeof v4->sin_addr);
      length = sizeof *v4;
    } else {
      auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
      v6->sin6_family = AF_INET6;
      v6->sin6_port = htons(port);
      std::memcpy(&v6->sin6_addr, address.bytes().data(), sizeof v6->sin6_addr);
      length = sizeof *v6;
    }
  }
  explicit SocketAddress(const std::string& path) {
    auto* local = reinterpret_cast<sockaddr_un*>(&storage);
    local->sun_family = AF_UNIX;
    if (path.size() >= sizeof local->sun_path) return;
    std::memcpy(local->sun_path, path.c_str(), path.size() + 1);
    length = sizeof *local;
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// DialJob is one dialling under way; the task owns it.
class DialJob final : private event::WatchHandler, private event::TimerHandler {
 public:
  DialJob(event::Loop& loop, std::shared_ptr<tls::ClientContext> tls, DialTarget target,
          Milliseconds timeout, event::Promise<Connection> promise)
      : loop_(loop),
        tls_(std::move(tls)),
        target_(std::move(target)),
        promise_(std::move(promise)),
        deadline_(loop.mono() + timeout),
        timer_(loop, *this) {}

  void start() {
    arm_timer();
    if (target_.is_secure && tls_ == nullptr) return fail("TLS is not set up here");
    if (!target_.unix_path.empty()) {
      if (!connect_to(SocketAddress(target_.unix_path))) fail(std::strerror(errno));
      return;
    }
    resolving_ = resolve(loop_, target_.host);
    resolving_.then([this](Result<std::vector<net::Address>> found) {
      if (!found) return fail(found.error().text);
      use(*std::move(found));
    });
  }

 private:
  void on_readable() override { advance(); }
  void on_writable() override { advance(); }
  void on_timer() override {
    if (!is_connected_ && loop_.mono() < deadline_) return try_next("no answer");
    fail("timed out");
  }

  void use(std::vector<net::Address> addresses) {
    const bool all_loopback = std::all_of(addresses.begin(), addresses.end(),
                                          [](const net::Address& a) { return a.is_loopback(); });
    if (!target_.is_secure && !all_loopback) return fail(target_.plain_elsewhere);
    addresses_ = std::move(addresses);
    try_next("it has no address");
  }

  // try_next connects to the next address; without one it fails, saying `why` the last did.
  void try_next(std::string_view why) {
    while (next_address_ < addresses_.size()) {
      if (connect_to({addresses_[next_address_++], target_.port})) return arm_timer();
      why = std::strerror(errno);
    }
    fail(why);
  }

  bool connect_to(const SocketAddress& to) {
    watch_.reset();
    secure_ = nullptr;
    transport_.reset();
    if (to.length == 0) {
      errno = ENAMETOOLONG;
      return false;
    }
    const int fd = socket(to.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || !adopt(fd)) return false;
    const int on = 1;
    if (to.storage.ss_family != AF_UNIX) {
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    if (connect(fd, to.get(), to.length) != 0 && errno != EINPROGRESS) return false;
    watch_ = std::make_unique<event::Watch>(loop_, fd, static_cast<event::WatchHandler&>(*this));
    watch_->want(false, true);
    return true;
  }

  // adopt gives the descriptor to a transport, which closes it in every case.
  bool adopt(int fd) {
    if (!target_.is_secure) {
      transport_ = std::make_unique<event::PlainTransport>(fd);
      return true;
    }
    auto secure = tls_->connect(fd, server_name());
    if (!secure) {
      errno = EINVAL;
      return false;
    }
    secure_ = secure->get();
    transport_ = *std::move(secure);
    return true;
  }

  const std::string& server_name() const {
    return target_.server_name.empty() ? target_.host : target_.server_name;
  }

  void arm_timer() {
    MonoTime until = deadline_;
    if (!is_connected_ && next_address_ < addresses_.size()) {
      until = std::min(until, loop_.mono() + kConnectTimeout);
    }
    timer_.arm(Milliseconds(std::max<std::int64_t>(0, (until.us - loop_.mono().us) / 1000)));
  }

  void advance() {
    if (!is_connected_ && !finish_connecting()) return;
    if (secure_ != nullptr) return shake_hands();
    finish(std::move(transport_));
  }

  bool finish_connecting() {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(transport_->fd(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      try_next(std::strerror(error));
      return false;
    }
    is_connected_ = true;
    arm_timer();
    return true;
  }

  void shake_hands() {
    using Outcome = tls::HandshakeResult::Outcome;
    const auto result = secure_->handshake(loop_.wall());
    switch (result.outcome) {
      case Outcome::again_read:
        return watch_->want(true, false);
      case Outcome::again_write:
        return watch_->want(false, true);
      case Outcome::failed:
        return fail("TLS: " + result.text);
      case Outcome::done:
        return finish(std::move(transport_));
    }
  }

  void fail(std::string_view why) { finish(Error{Fault::dependency, std::string(why)}); }

  void finish(Result<Connection> result) {
    timer_.disarm();
    watch_.reset();
    secure_ = nullptr;
    transport_.reset();
    promise_.complete(std::move(result));
  }

  event::Loop& loop_;
  const std::shared_ptr<tls::ClientContext> tls_;
  const DialTarget target_;
  event::Promise<Connection> promise_;
  const MonoTime deadline_;
  event::Timer timer_;
  event::Task<std::vector<net::Address>> resolving_;
  std::vector<net::Address> addresses_;
  std::size_t next_address_ = 0;
  bool is_connected_ = false;
  std::unique_ptr<event::Transport> transport_;
  tls::TlsTransport* secure_ = nullptr;  // the same, if it is one
  std::unique_ptr<event::Watch> watch_;  // of the transport's descriptor: it goes first
};

}  // namespace

event::Task<Connection> dial(event::Loop& loop, std::shared_ptr<tls::ClientContext> tls,
                             DialTarget target, Milliseconds timeout) {
  event::Promise<Connection> promise(loop);
  auto task = promise.task();
  auto job = std::make_shared<DialJob>(loop, std::move(tls), std::move(target), timeout, promise);
  // The task owns the job: it lives as long as somebody may still want the connection.
  promise.on_cancel([job] {});
  job->start();
  return task;
}

}  // namespace sallyport::clients
