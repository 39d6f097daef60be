#pragma once

// Listener accepts connections for one worker on its own socket and starts their handshakes.

#include <memory>
#include <string>

#include "gateway/event/watch.h"
#include "gateway/server/generation.h"
#include "gateway/server/worker_state.h"
#include "gateway/tls/server_context.h"

namespace sallyport::server {

class Listener final : private event::WatchHandler, private event::TimerHandler {
 public:
  // It owns `fd`.
  Listener(WorkerState& worker, int fd);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // set_plan makes new handshakes use the plan's TLS; those under way keep theirs.
  void set_plan(const ListenerPlan& plan, std::shared_ptr<const tls::TicketKeys> tickets);
  void set_tickets(std::shared_ptr<const tls::TicketKeys> tickets);

 private:
  void on_readable() override;
  void on_writable() override {}
  void on_timer() override;
  bool accept_one();

  WorkerState& worker_;
  const int fd_;
  event::Watch watch_;
  event::Timer pause_;
  std::string name_;
  std::shared_ptr<tls::ServerContext> tls_;
};

}  // namespace sallyport::server
