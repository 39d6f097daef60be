#include "gateway/server/handshake.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "gateway/observe/record.h"
#include "gateway/server/h1_connection.h"
#include "gateway/server/h2_connection.h"

namespace sallyport::server {
namespace {

// How long, and how much, is read after an alert.
constexpr Milliseconds kLinger{1'000};
constexpr std::size_t kMaxDrained = 256 * 1024;

// reset_on_close leaves the kernel without anything to remember of the connection: a flood would
// have it wait for the ends of thousands.
void reset_on_close(int fd) {
  const linger at_once{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace

Handshake::Handshake(WorkerState& worker, std::string_view listener,
                     std::shared_ptr<tls::ServerContext> tls, Accepted accepted,
                     std::string_view already_read)
    : worker_(worker),
      listener_(listener),
      tls_(std::move(tls)),
      fd_(accepted.fd),
      watch_(worker.loop(), accepted.fd, static_cast<event::WatchHandler&>(*this)),
      timer_(worker.loop(), static_cast<event::TimerHandler&>(*this)),
      peer_(accepted.peer),
      seat_(std::move(accepted.seat)),
      began_(worker.loop().mono()) {
  if (!already_read.empty()) begin_tls(already_read);
}

Handshake::~Handshake() {
  worker_.handshakes().leave(*this);
  watch_.want(false, false);
  if (fd_ >= 0) close(fd_);
}

void Handshake::start() {
  timer_.arm(worker_.generation().timeouts.handshake);
  if (!is_silent()) return queue();
  wait_for_first();
}

void Handshake::wait_for_first() {
  worker_.handshakes().wait_for_first(*this);
  watch_.want(true, false);
}

void Handshake::begin_tls(std::string_view already_read) {
  transport_ = tls_->accept(std::exchange(fd_, -1), already_read);
}

void Handshake::queue() {
  watch_.want(false, false);
  worker_.handshakes().wait_for_turn(*this);
}

void Handshake::wait(bool readable, bool writable) {
  worker_.handshakes().wait_for_client(*this);
  watch_.want(readable, writable);
}

// leave ends everything that could call this handshake again.
void Handshake::leave() {
  worker_.handshakes().leave(*this);
  watch_.want(false, false);
  timer_.disarm();
}

void Handshake::advance() {
  const tls::HandshakeResult result = transport_->handshake(worker_.loop().wall());
  switch (result.outcome) {
    case tls::HandshakeResult::Outcome::done:
      return finish();
    case tls::HandshakeResult::Outcome::again_read:
      return wait(true, false);
    case tls::HandshakeResult::Outcome::again_write:
      return wait(false, true);
    case tls::HandshakeResult::Outcome::failed:
      return fail(result);
  }
}

void Handshake::finish() {
  auto context = make_context();
  // Trust may have changed under way. A listener that is gone has no other.
  auto current = worker_.tls_of(listener_);
  if (current && current != tls_) {
    if (auto refusal = context->follow(std::move(current), worker_.loop().wall())) {
      return fail("certificate." + std::string(tls::to_string(refusal->reason)), refusal->text,
                  &*refusal);
    }
  }
  worker_.count_trust(*context);
  metrics::Bank& bank = worker_.bank();
  bank.add(worker_.slots().handshakes);
  if (transport_->info().resumed) bank.add(worker_.slots().resumed);
  worker_.loop().refresh_clock();
  worker_.slots().handshake_duration.observe(bank, worker_.loop().mono().us - began_.us);
  leave();
  if (transport_->info().alpn == "h2") {
    hand_over<H2Connection>(std::move(context));
  } else {
    hand_over<H1Connection>(std::move(context));
  }
}

template <class Codec>
void Handshake::hand_over(std::unique_ptr<ClientContext> context) {
  transport_->forget_info();
  auto connection = std::make_unique<Codec>(worker_, std::move(transport_), std::move(context));
  Codec& started = *connection;
  worker_.keep(std::move(connection));
  worker_.drop(*this);
  started.start();
}

std::unique_ptr<ClientContext> Handshake::make_context() {
  const tls::ConnectionInfo& info = transport_->info();
  sockaddr_storage local{};
  socklen_t length = sizeof local;
  getsockname(transport_->fd(), reinterpret_cast<sockaddr*>(&local), &length);
  auto context = std::make_unique<ClientContext>();
  context->listener = listener_;
  context->sni = info.sni;
  context->tls = tls_;
  context->seat = std::move(seat_);
  context->client = peer_.client;
  context->certificate = info.peer;
  policy::ConnectionFacts& facts = context->facts;
  facts.listener = context->listener;
  facts.sni = context->sni;
  facts.peer = peer_.client.address;
  facts.peer_port = peer_.client.port;
  facts.proxy_peer = peer_.proxy;
  facts.local = net::Endpoint::from_socket(local).address;
  facts.local_port = net::Endpoint::from_socket(local).port;
  facts.tls_version = info.version;
  facts.tls_cipher = info.cipher;
  facts.tls_group = info.group;
  facts.tls_resumed = info.resumed;
  return context;
}

void Handshake::fail(const tls::HandshakeResult& result) {
  if (result.refusal) {
    const std::string reason = "certificate." + std::string(tls::to_string(result.refusal->reason));
    return fail(reason, result.refusal->text, &*result.refusal);
  }
  const std::string reason = "tls." + std::string(tls::to_string(result.failure));
  fail(reason, result.text, nullptr);
}

void Handshake::fail(std::string_view reason, std::string_view detail,
                     const tls::CertificateRefusal* refusal) {
  report(reason, detail, refusal);
  leave();
  if (is_silent()) return worker_.drop(*this);
  linger();
}

void Handshake::report(std::string_view reason, std::string_view detail,
                       const tls::CertificateRefusal* refusal) {
  observe::HandshakeRecord record;
  record.at = worker_.loop().wall();
  record.listener = listener_;
  record.client = peer_.client;
  record.proxy = peer_.proxy;
  record.reason = reason;
  record.detail = detail;
  if (!is_silent()) record.sni = transport_->info().sni;
  if (refusal != nullptr) {
    record.subject = refusal->subject;
    record.issuer = refusal->issuer;
    record.serial = refusal->serial;
    worker_.count_client_certificate(listener_, tls::to_string(refusal->reason));
  }
  worker_.count_handshake_failure(listener_, reason);
  // Who said nothing cost nothing, and a flood of them must not cost the log either.
  LineBudget& budget = worker_.refusal_lines();
  if (is_silent()) {
    if (!budget.take(worker_.loop().mono())) return;
    record.suppressed = budget.suppressed();
  }
  if (std::string* line = worker_.log().line()) observe::append_handshake_line(*line, record);
}

// linger closes our side and reads on for a moment. A client of TLS 1.3 has sent its request by
// now: closing with that unread would reset the connection and could take the alert with it.
void Handshake::linger() {
  is_lingering_ = true;
  transport_->close_write();
  timer_.arm(kLinger);
  watch_.want(true, false);
}

void Handshake::drain() {
  const std::span<char> scratch = worker_.client_scratch();
  const ssize_t got = recv(transport_->fd(), scratch.data(), scratch.size(), 0);
  const bool is_over = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
  if (!is_over && (drained_ += static_cast<std::size_t>(std::max<ssize_t>(got, 0))) < kMaxDrained) {
    return;
  }
  watch_.want(false, false);
  timer_.disarm();
  worker_.drop(*this);
}

void Handshake::on_readable() {
  if (is_lingering_) return drain();
  queue();
}

bool Handshake::has_begun() {
  if (!is_silent()) return true;
  char first = 0;
  const ssize_t got = recv(fd_, &first, 1, MSG_PEEK);
  if (got > 0) return true;
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
    wait_for_first();
  } else {
    // Plain TCP health checks and floods: there was no handshake that could have failed.
    fail("tls.peer_closed", "no octet came", nullptr);
  }
  return false;
}

void Handshake::on_turn() {
  if (is_silent()) begin_tls({});
  advance();
}

void Handshake::on_crowded_out() {
  report("tls.crowded_out", "others needed the place, and this client was silent", nullptr);
  if (is_silent()) reset_on_close(fd_);
  leave();
  worker_.drop(*this);
}

void Handshake::on_timer() {
  if (!is_lingering_) return fail("tls.timeout", "timeouts.handshake passed", nullptr);
  watch_.want(false, false);
  worker_.drop(*this);
}

}  // namespace sallyport::server
