#include "gateway/server/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "gateway/base/check.h"
#include "gateway/server/admission.h"
#include "gateway/server/handshake.h"
#include "gateway/server/proxy_gate.h"

namespace sallyport::server {
namespace {

// A few at a time, so that a burst of connections does not starve those that are open.
constexpr int kAcceptsPerWakeup = 4;
// How long to stop accepting when the process is out of descriptors: until those that were shed
// have ended.
constexpr Milliseconds kPause{20};

int open_reserve() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

}  // namespace

Listener::Listener(WorkerState& worker, int fd)
    : worker_(worker),
      fd_(fd),
      watch_(worker.loop(), fd, static_cast<event::WatchHandler&>(*this)),
      pause_(worker.loop(), static_cast<event::TimerHandler&>(*this)),
      reserve_(open_reserve()) {
  watch_.want_read(true);
}

Listener::~Listener() {
  watch_.want(false, false);
  close(fd_);
  if (reserve_ >= 0) close(reserve_);
}

void Listener::set_plan(const ListenerPlan& plan, std::shared_ptr<const tls::TicketKeys> tickets) {
  plan_ = plan;
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
  sockaddr_storage from{};
  socklen_t length = sizeof from;
  const int fd =
      accept4(fd_, reinterpret_cast<sockaddr*>(&from), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      out_of_descriptors();
    }
    return false;
  }
  worker_.bank().add(worker_.slots().accepted);
  receive(fd, net::Endpoint::from_socket(from));
  return true;
}

void Listener::receive(int fd, const net::Endpoint& from) {
  Accepted accepted{fd, {from, {}}, {}};
  if (const auto refused = admit_from(from, accepted.seat)) {
    tell_refusal(worker_, *refused, plan_.name, accepted.peer);
    close(fd);
    return;
  }
  begin(std::move(accepted));
}

std::optional<ConnectionRefusal> Listener::admit_from(const net::Endpoint& from,
                                                      ConnectionTally::Seat& seat) const {
  if (plan_.proxy && !plan_.proxy->from.contains(from.address)) {
    return ConnectionRefusal::proxy_header_untrusted_peer;
  }
  if (const auto refused = admit(worker_, seat)) return refused;
  // A balancer's own address is of no account: its header will say whose the connection is.
  if (plan_.proxy) return std::nullopt;
  if (const auto refused = admit_client(worker_, seat, from.address)) return refused;
  if (!worker_.handshakes().make_room()) return ConnectionRefusal::handshake_limit;
  return std::nullopt;
}

void Listener::begin(Accepted accepted) {
  if (plan_.proxy) {
    auto gate = std::make_unique<ProxyGate>(worker_, plan_, tls_, std::move(accepted));
    ProxyGate& started = *gate;
    worker_.keep(std::move(gate));
    return started.start();
  }
  auto handshake = std::make_unique<Handshake>(worker_, plan_.name, tls_, std::move(accepted));
  Handshake& started = *handshake;
  worker_.keep(std::move(handshake));
  started.start();
}

void Listener::out_of_descriptors() {
  // The kernel says so even when nobody waits.
  pollfd waiting{fd_, POLLIN, 0};
  if (poll(&waiting, 1, 0) == 0) return;
  worker_.bank().add(worker_.slots().descriptors_exhausted);
  if (worker_.shed_idle(ShedReason::descriptors) == 0) refuse_with_reserve();
  watch_.want_read(false);
  pause_.arm(kPause);
}

void Listener::refuse_with_reserve() {
  if (reserve_ >= 0) close(reserve_);
  sockaddr_storage from{};
  socklen_t length = sizeof from;
  const int fd = accept4(fd_, reinterpret_cast<sockaddr*>(&from), &length, SOCK_CLOEXEC);
  if (fd >= 0) {
    tell_refusal(worker_, ConnectionRefusal::descriptors, plan_.name,
                 {net::Endpoint::from_socket(from), {}});
    close(fd);
  }
  reserve_ = open_reserve();
}

void Listener::on_timer() { watch_.want_read(true); }

}  // namespace sallyport::server
