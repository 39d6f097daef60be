#pragma once

// ProxyGate is a connection that must say first, in a PROXY header, whose it is; then it becomes a
// Handshake. The header is demanded, never looked for: a listener that took it only when it is
// there would believe whoever sends one.

#include <memory>
#include <string>

#include "gateway/event/watch.h"
#include "gateway/net/proxy_header.h"
#include "gateway/server/connection_refusal.h"
#include "gateway/server/generation.h"
#include "gateway/server/peer.h"
#include "gateway/server/worker_state.h"

namespace sallyport::server {

class ProxyGate final : public ClientConnection,
                        private event::WatchHandler,
                        private event::TimerHandler {
 public:
  // `accepted.peer.client` is the balancer, which is one of `plan.proxy->from`.
  ProxyGate(WorkerState& worker, const ListenerPlan& plan, std::shared_ptr<tls::ServerContext> tls,
            Accepted accepted);
  ~ProxyGate() override;

  void start();
  // A header under way is about to become a handshake.
  void end_if_idle() override {}

 private:
  void on_readable() override;
  void on_writable() override {}
  void on_timer() override;

  void take(std::size_t size);
  void pass(const net::ProxyHeader& header);
  void refuse(ConnectionRefusal refusal, std::string_view detail = {});

  WorkerState& worker_;
  const std::string listener_;
  const std::shared_ptr<const ProxyPlan> plan_;
  std::shared_ptr<tls::ServerContext> tls_;
  Accepted accepted_;
  event::Watch watch_;
  event::Timer timer_;
  // What was received: a header that is not whole, or one and the beginning of the client's bytes.
  std::string in_;
};

}  // namespace sallyport::server
