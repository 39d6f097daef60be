#pragma once

// Listener accepts connections for one worker on its own socket and starts their handshakes.

#include <memory>
#include <optional>

#include "gateway/event/watch.h"
#include "gateway/server/connection_refusal.h"
#include "gateway/server/generation.h"
#include "gateway/server/peer.h"
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
  const std::shared_ptr<tls::ServerContext>& tls() const { return tls_; }

 private:
  void on_readable() override;
  void on_writable() override {}
  void on_timer() override;
  bool accept_one();
  // receive lets an accepted socket in, or closes it.
  void receive(int fd, const net::Endpoint& from);
  std::optional<ConnectionRefusal> admit_from(const net::Endpoint& from,
                                              ConnectionTally::Seat& seat) const;
  void begin(Accepted accepted);
  void out_of_descriptors();
  void refuse_with_reserve();

  WorkerState& worker_;
  const int fd_;
  event::Watch watch_;
  event::Timer pause_;
  // Kept open to be given up: with it, a connection can be taken and closed when nothing else is
  // left, instead of leaving its client in the dark.
  int reserve_ = -1;
  ListenerPlan plan_;
  std::shared_ptr<tls::ServerContext> tls_;
};

}  // namespace sallyport::server
