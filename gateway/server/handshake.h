#pragma once

// Handshake is a connection until TLS is established; then it makes an H1Connection of it. One that
// fails is logged with its reason, and the client gets the alert and nothing else.

#include <memory>
#include <string>
#include <string_view>

#include "gateway/event/watch.h"
#include "gateway/server/client_context.h"
#include "gateway/server/handshake_queue.h"
#include "gateway/server/peer.h"
#include "gateway/server/worker_state.h"
#include "gateway/tls/server_context.h"
#include "gateway/tls/tls_transport.h"

namespace sallyport::server {

class Handshake final : public ClientConnection,
                        private event::WatchHandler,
                        private event::TimerHandler,
                        private HandshakeQueue::Turn {
 public:
  // `already_read` is the beginning of the stream, if somebody had to read it before.
  Handshake(WorkerState& worker, std::string_view listener, std::shared_ptr<tls::ServerContext> tls,
            Accepted accepted, std::string_view already_read = {});
  ~Handshake() override;

  void start();
  // A handshake under way is about to become a request.
  void end_if_idle() override {}

 private:
  void on_readable() override;
  void on_writable() override { queue(); }
  void on_timer() override;
  bool has_begun() override;
  void on_turn() override;
  void on_crowded_out() override;

  void begin_tls(std::string_view already_read);
  void wait_for_first();
  void queue();
  void advance();
  void wait(bool readable, bool writable);
  void finish();
  // hand_over goes on with the protocol that was agreed upon.
  template <class Codec>
  void hand_over(std::unique_ptr<ClientContext> context);
  void fail(const tls::HandshakeResult& result);
  void fail(std::string_view reason, std::string_view detail,
            const tls::CertificateRefusal* refusal);
  void report(std::string_view reason, std::string_view detail,
              const tls::CertificateRefusal* refusal);
  std::unique_ptr<ClientContext> make_context();
  void leave();
  void linger();
  void drain();
  bool is_silent() const { return transport_ == nullptr; }

  WorkerState& worker_;
  const std::string listener_;
  std::shared_ptr<tls::ServerContext> tls_;
  int fd_;                                        // -1: the transport's
  std::unique_ptr<tls::TlsTransport> transport_;  // null: not an octet has come
  event::Watch watch_;
  event::Timer timer_;
  Peer peer_;
  ConnectionTally::Seat seat_;
  MonoTime began_{};
  bool is_lingering_ = false;  // failed; the client may read why
  std::size_t drained_ = 0;
};

}  // namespace sallyport::server
