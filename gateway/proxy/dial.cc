#include "gateway/proxy/dial.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "gateway/policy/reasons.h"

namespace sallyport::proxy {

namespace reasons = policy::reasons;

Dial::Dial(const UpstreamContext& context, const Server& server, DialListener& listener)
    : context_(context),
      server_(server),
      listener_(listener),
      timer_(context.loop, static_cast<event::TimerHandler&>(*this)) {}

void Dial::start() {
  const int family = server_.address.ss_family;
  const int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return listener_.on_dial_failed({&reasons::kOverloaded, "no socket left"});
  if (!adopt(fd)) return fail(reasons::kUpstreamTls, "unusable server name");
  if (family != AF_UNIX) {
    const int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  }
  watch_ =
      std::make_unique<event::Watch>(context_.loop, fd, static_cast<event::WatchHandler&>(*this));
  timer_.arm(context_.upstream.connect_timeout);
  const auto* address = reinterpret_cast<const sockaddr*>(&server_.address);
  if (::connect(fd, address, server_.length) == 0) return finish_connect();
  if (errno != EINPROGRESS) return fail(reasons::kUpstreamConnect, {});
  watch_->want(false, true);
}

// adopt gives the descriptor to a transport, which closes it in every case.
bool Dial::adopt(int fd) {
  if (context_.tls == nullptr) {
    transport_ = std::make_unique<event::PlainTransport>(fd);
    return true;
  }
  auto secure = context_.tls->connect(fd, server_.tls_name);
  if (!secure) return false;
  secure_ = secure->get();
  transport_ = *std::move(secure);
  return true;
}

void Dial::advance() { connected_ ? shake_hands() : finish_connect(); }

void Dial::finish_connect() {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(transport_->fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return fail(reasons::kUpstreamConnect, {});
  connected_ = true;
  if (secure_ == nullptr) return succeed(context_.upstream.protocol);
  timer_.arm(context_.upstream.handshake_timeout);
  shake_hands();
}

void Dial::shake_hands() {
  using Outcome = tls::HandshakeResult::Outcome;
  const auto result = secure_->handshake(context_.loop.wall());
  switch (result.outcome) {
    case Outcome::again_read:
      return watch_->want(true, false);
    case Outcome::again_write:
      return watch_->want(false, true);
    case Outcome::failed:
      return fail(reasons::kUpstreamTls, result.refusal ? tls::to_string(result.refusal->reason)
                                                        : tls::to_string(result.failure));
    case Outcome::done:
      break;
  }
  if (!is_pinned()) return fail(reasons::kUpstreamTls, "pin_mismatch");
  const auto protocol = settled_protocol(secure_->info().alpn, context_.upstream.protocol);
  if (!protocol) return fail(reasons::kUpstreamTls, "other_protocol");
  succeed(*protocol);
}

bool Dial::is_pinned() const {
  const auto& pins = context_.upstream.tls->pins;
  if (pins.empty()) return true;
  const auto& peer = secure_->info().peer;
  return peer && std::find(pins.begin(), pins.end(), peer->view().spki_sha256) != pins.end();
}

void Dial::succeed(Protocol protocol) {
  timer_.disarm();
  watch_.reset();
  listener_.on_dialled(std::move(transport_), protocol);
}

void Dial::fail(const policy::Reason& reason, std::string_view rule) {
  timer_.disarm();
  watch_.reset();
  listener_.on_dial_failed({&reason, rule, Repeat::any_method});
}

void Dial::on_timer() {
  fail(reasons::kUpstreamTimeout, connected_ ? "handshake_timeout" : "connect_timeout");
}

// A server that settles nothing speaks HTTP/1.1 (RFC 7301 section 3.2 lets it).
std::optional<Protocol> settled_protocol(std::string_view alpn, Protocol wanted) {
  std::optional<Protocol> settled;
  if (alpn.empty() || alpn == "http/1.1") settled = Protocol::http1;
  if (alpn == "h2") settled = Protocol::h2;
  const bool is_wanted = wanted == Protocol::negotiated || settled == wanted;
  return is_wanted ? settled : std::nullopt;
}

}  // namespace sallyport::proxy
