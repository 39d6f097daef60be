#pragma once

// Handshake is a connection until TLS is established; then it makes an H1Connection of it. One that
// fails is logged with its reason, and the client gets the alert and nothing else.

#include <sys/socket.h>

#include <memory>
#include <string>
#include <string_view>

#include "gateway/event/watch.h"
#include "gateway/server/client_context.h"
#include "gateway/server/worker_state.h"
#include "gateway/tls/server_context.h"
#include "gateway/tls/tls_transport.h"

namespace sallyport::server {

class Handshake final : public ClientConnection,
                        private event::WatchHandler,
                        private event::TimerHandler {
 public:
  Handshake(WorkerState& worker, std::string_view listener,
            std::shared_ptr<tls::ServerContext> tls, int fd, const sockaddr_storage& peer);

  void start();
  // A handshake under way is about to become a request.
  void begin_drain() override {}
  void end_if_idle() override {}

 private:
  void on_readable() override { advance(); }
  void on_writable() override { advance(); }
  void on_timer() override;

  void advance();
  void finish();
  // hand_over goes on with the protocol that was agreed upon.
  template <class Codec>
  void hand_over(std::unique_ptr<ClientContext> context);
  void fail(const tls::HandshakeResult& result);
  void fail(std::string_view reason, std::string_view detail, const tls::CertificateRefusal* refusal);
  std::unique_ptr<ClientContext> make_context() const;

  WorkerState& worker_;
  const std::string listener_;
  std::shared_ptr<tls::ServerContext> tls_;
  std::unique_ptr<tls::TlsTransport> transport_;
  event::Watch watch_;
  event::Timer timer_;
  net::Address peer_;
  std::uint16_t peer_port_ = 0;
  MonoTime began_{};
};

}  // namespace sallyport::server
