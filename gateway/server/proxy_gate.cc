#include "gateway/server/proxy_gate.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <variant>

#include "gateway/server/admission.h"
#include "gateway/server/handshake.h"

namespace sallyport::server {

ProxyGate::ProxyGate(WorkerState& worker, const ListenerPlan& plan,
                     std::shared_ptr<tls::ServerContext> tls, Accepted accepted)
    : worker_(worker),
      listener_(plan.name),
      plan_(plan.proxy),
      tls_(std::move(tls)),
      accepted_(std::move(accepted)),
      watch_(worker.loop(), accepted_.fd, static_cast<event::WatchHandler&>(*this)),
      timer_(worker.loop(), static_cast<event::TimerHandler&>(*this)) {}

ProxyGate::~ProxyGate() {
  watch_.want(false, false);
  if (accepted_.fd >= 0) close(accepted_.fd);
}

void ProxyGate::start() {
  timer_.arm(plan_->timeout);
  watch_.want_read(true);
}

void ProxyGate::on_readable() {
  const std::span<char> room = worker_.client_scratch().first(net::kMaxProxyHeader - in_.size());
  const ssize_t got = recv(accepted_.fd, room.data(), room.size(), 0);
  if (got > 0) return take(static_cast<std::size_t>(got));
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  refuse(ConnectionRefusal::proxy_header_closed);
}

void ProxyGate::take(std::size_t size) {
  in_.append(worker_.client_scratch().data(), size);
  const net::ProxyResult result = net::parse_proxy_header(in_);
  if (std::holds_alternative<net::ProxyNeedsMore>(result)) return;
  if (const auto* violation = std::get_if<net::ProxyViolation>(&result)) {
    return refuse(ConnectionRefusal::proxy_header_invalid, to_string(*violation));
  }
  const auto& header = std::get<net::ProxyHeader>(result);
  if (plan_->require_checksum && !header.has_checksum && !header.is_local) {
    return refuse(ConnectionRefusal::proxy_header_invalid,
                  to_string(net::ProxyViolation::no_checksum));
  }
  pass(header);
}

// pass makes a handshake of the connection. Without addresses in the header those of the socket
// hold, as the protocol wants it: a policy then judges the balancer itself.
void ProxyGate::pass(const net::ProxyHeader& header) {
  accepted_.peer.proxy = accepted_.peer.client;
  if (header.source.address.family() != net::Family::none) accepted_.peer.client = header.source;
  if (accepted_.peer.client != accepted_.peer.proxy) {
    if (const auto refused = admit_client(worker_, accepted_.seat, header.source.address)) {
      return refuse(*refused);
    }
  }
  if (!worker_.handshakes().make_room()) return refuse(ConnectionRefusal::handshake_limit);
  watch_.want(false, false);
  timer_.disarm();
  // What came behind the header is the beginning of the client's own stream.
  const std::string_view rest = std::string_view(in_).substr(header.length);
  auto handshake =
      std::make_unique<Handshake>(worker_, listener_, tls_, std::move(accepted_), rest);
  accepted_.fd = -1;
  Handshake& started = *handshake;
  worker_.keep(std::move(handshake));
  worker_.drop(*this);
  started.start();
}

void ProxyGate::refuse(ConnectionRefusal refusal, std::string_view detail) {
  tell_refusal(worker_, refusal, listener_, accepted_.peer, detail);
  watch_.want(false, false);
  timer_.disarm();
  worker_.drop(*this);
}

void ProxyGate::on_timer() { refuse(ConnectionRefusal::proxy_header_timeout); }

}  // namespace sallyport::server
