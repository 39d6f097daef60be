#pragma once

// WorkerServer is one worker's share of the service: its state and its listeners. All of it lives
// on the worker's thread; control reaches it by posting.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/server/listener.h"
#include "gateway/server/worker_state.h"

namespace sallyport::server {

// ListenerSocket is a listening socket of one worker; whoever is given it owns it.
struct ListenerSocket {
  std::string address;  // ListenerPlan::address
  int fd = -1;
};

class WorkerServer {
 public:
  WorkerServer(event::Worker& worker, metrics::Registry& registry, ProcessLoad& process)
      : state_(worker, registry, process) {}

  // adopt switches to `generation`: listeners that it does not name are closed, those that it names
  // go on with its plans, and `sockets` are for those that are new.
  void adopt(std::shared_ptr<const Generation> generation, std::vector<ListenerSocket> sockets);
  void set_tickets(const std::shared_ptr<const tls::TicketKeys>& tickets);
  // stop_accepting closes the listeners.
  void stop_accepting() { listeners_.clear(); }

  WorkerState& state() { return state_; }

 private:
  WorkerState state_;
  std::map<std::string, std::unique_ptr<Listener>> listeners_;  // by address
};

}  // namespace sallyport::server
