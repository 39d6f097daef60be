#include "gateway/server/worker_server.h"

#include <algorithm>

namespace sallyport::server {

void WorkerServer::adopt(std::shared_ptr<const Generation> generation,
                         std::vector<ListenerSocket> sockets) {
  state_.adopt(generation);
  for (ListenerSocket& socket : sockets) {
    listeners_[socket.address] = std::make_unique<Listener>(state_, socket.fd);
  }
  const auto& plans = generation->listeners;
  std::erase_if(listeners_, [&](const auto& entry) {
    return std::none_of(plans.begin(), plans.end(),
                        [&](const ListenerPlan& plan) { return plan.address == entry.first; });
  });
  for (const ListenerPlan& plan : plans) {
    Listener& listener = *listeners_.at(plan.address);
    listener.set_plan(plan, generation->tickets);
    state_.set_tls(plan.name, listener.tls());
  }
  state_.sweep_trust();
}

void WorkerServer::set_tickets(const std::shared_ptr<const tls::TicketKeys>& tickets) {
  for (auto& [address, listener] : listeners_) listener->set_tickets(tickets);
}

}  // namespace sallyport::server
