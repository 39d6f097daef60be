#include "gateway/server/listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "gateway/base/check.h"
#include "gateway/server/handshake.h"

namespace sallyport::server {
namespace {

// A few at a time, so that a burst of connections does not starve those that are open.
constexpr int kAcceptsPerWakeup = 16;
// How long to stop accepting when the process is out of descriptors.
constexpr Milliseconds kPause{100};

}  // namespace

Listener::Listener(WorkerState& worker, int fd)
    : worker_(worker),
      fd_(fd),
      watch_(worker.loop(), fd, static_cast<event::WatchHandler&>(*this)),
      pause_(worker.loop(), static_cast<event::TimerHandler&>(*this)) {
  watch_.want_read(true);
}

Listener::~Listener() {
  watch_.want(false, false);
  close(fd_);
}

void Listener::set_plan(const ListenerPlan& plan, std::shared_ptr<const tls::TicketKeys> tickets) {
  name_ = plan.name;
  auto context = tls::ServerContext::make(plan.tls, std::move(tickets));
  // The plan was tried on control before it was posted.
  SALLYPORT_CHECK(context.has_value());
  tls_ = std::move(*context);
}

void Listener::set_tickets(std::shared_ptr<const tls::TicketKeys> tickets) {
  tls_->set_ticket_keys(std::move(tickets));
}

void Listener::on_readable() {
  for (int i = 0; i < kAcceptsPerWakeup; ++i) {
    if (!accept_one()) return;
  }
}

bool Listener::accept_one() {
  sockaddr_storage peer{};
  socklen_t length = sizeof peer;
  const int fd = accept4(fd_, reinterpret_cast<sockaddr*>(&peer), &length,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      watch_.want_read(false);
      pause_.arm(kPause);
    }
    return false;
  }
  worker_.bank().add(worker_.slots().accepted);
  if (worker_.is_full()) {
    worker_.bank().add(worker_.slots().refused_full);
    close(fd);
    return true;
  }
  const int yes = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  auto handshake = std::make_unique<Handshake>(worker_, name_, tls_, fd, peer);
  Handshake& started = *handshake;
  worker_.keep(std::move(handshake));
  started.start();
  return true;
}

void Listener::on_timer() { watch_.want_read(true); }

}  // namespace sallyport::server
