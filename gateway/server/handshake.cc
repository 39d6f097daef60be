#include "gateway/server/handshake.h"

#include <netinet/in.h>

#include "gateway/observe/record.h"
#include "gateway/server/h1_connection.h"
#include "gateway/server/h2_connection.h"

namespace sallyport::server {
namespace {

std::uint16_t port_of(const sockaddr_storage& address) {
  return address.ss_family == AF_INET6
             ? ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port)
             : ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

}  // namespace

Handshake::Handshake(WorkerState& worker, std::string_view listener,
                     std::shared_ptr<tls::ServerContext> tls, int fd, const sockaddr_storage& peer)
    : worker_(worker),
      listener_(listener),
      tls_(std::move(tls)),
      transport_(tls_->accept(fd)),
      watch_(worker.loop(), fd, static_cast<event::WatchHandler&>(*this)),
      timer_(worker.loop(), static_cast<event::TimerHandler&>(*this)),
      peer_(net::Address::from_socket(reinterpret_cast<const sockaddr*>(&peer))),
      peer_port_(port_of(peer)),
      began_(worker.loop().mono()) {}

void Handshake::start() {
  timer_.arm(worker_.generation().timeouts.handshake);
  advance();
}

void Handshake::advance() {
  const tls::HandshakeResult result = transport_->handshake(worker_.loop().wall());
  switch (result.outcome) {
    case tls::HandshakeResult::Outcome::done:
      return finish();
    case tls::HandshakeResult::Outcome::again_read:
      return watch_.want(true, false);
    case tls::HandshakeResult::Outcome::again_write:
      return watch_.want(false, true);
    case tls::HandshakeResult::Outcome::failed:
      return fail(result);
  }
}

void Handshake::finish() {
  observe::Bank& bank = worker_.bank();
  bank.add(worker_.slots().handshakes);
  if (transport_->info().resumed) bank.add(worker_.slots().resumed);
  worker_.loop().refresh_clock();
  worker_.slots().handshake_duration.observe(bank, worker_.loop().mono().us - began_.us);
  watch_.want(false, false);
  timer_.disarm();
  auto context = make_context();
  if (transport_->info().alpn == "h2") {
    hand_over<H2Connection>(std::move(context));
  } else {
    hand_over<H1Connection>(std::move(context));
  }
}

template <class Codec>
void Handshake::hand_over(std::unique_ptr<ClientContext> context) {
  auto connection = std::make_unique<Codec>(worker_, std::move(transport_), std::move(context));
  Codec& started = *connection;
  worker_.keep(std::move(connection));
  worker_.drop(*this);
  started.start();
}

std::unique_ptr<ClientContext> Handshake::make_context() const {
  const tls::ConnectionInfo& info = transport_->info();
  sockaddr_storage local{};
  socklen_t length = sizeof local;
  getsockname(transport_->fd(), reinterpret_cast<sockaddr*>(&local), &length);
  auto context = std::make_unique<ClientContext>();
  context->listener = listener_;
  context->sni = info.sni;
  context->tls = tls_;
  context->client.client_address = peer_;
  context->client.client_certificate = info.peer;
  policy::ConnectionFacts& facts = context->facts;
  facts.listener = context->listener;
  facts.sni = context->sni;
  facts.peer = peer_;
  facts.peer_port = peer_port_;
  facts.local = net::Address::from_socket(reinterpret_cast<const sockaddr*>(&local));
  facts.local_port = port_of(local);
  facts.tls_version = info.version;
  facts.tls_cipher = info.cipher;
  facts.tls_group = info.group;
  facts.tls_resumed = info.resumed;
  return context;
}

void Handshake::fail(const tls::HandshakeResult& result) {
  if (result.refusal) {
    const std::string reason =
        "certificate." + std::string(tls::to_string(result.refusal->reason));
    return fail(reason, result.refusal->text, &*result.refusal);
  }
  const std::string reason = "tls." + std::string(tls::to_string(result.failure));
  fail(reason, result.text, nullptr);
}

void Handshake::fail(std::string_view reason, std::string_view detail,
                     const tls::CertificateRefusal* refusal) {
  observe::HandshakeRecord record;
  const std::string client_ip = peer_.text();
  record.at = worker_.loop().wall();
  record.listener = listener_;
  record.client_ip = client_ip;
  record.client_port = peer_port_;
  record.reason = reason;
  record.detail = detail;
  record.sni = transport_->info().sni;
  if (refusal != nullptr) {
    record.subject = refusal->subject;
    record.issuer = refusal->issuer;
    record.serial = refusal->serial;
  }
  if (std::string* line = worker_.log().line()) observe::append_handshake_line(*line, record);
  worker_.count_handshake_failure(listener_, reason);
  watch_.want(false, false);
  timer_.disarm();
  worker_.drop(*this);
}

void Handshake::on_timer() { fail("tls.timeout", "timeouts.handshake passed", nullptr); }

}  // namespace sallyport::server
