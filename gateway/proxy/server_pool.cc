#include "gateway/proxy/server_pool.h"

#include <algorithm>
#include <utility>

#include "gateway/proxy/upstream_connection.h"

namespace sallyport::proxy {

ServerPool::ServerPool(const UpstreamContext& context, std::shared_ptr<const Server> server,
                       PoolCounts& counts, unsigned worker)
    : context_(context),
      server_(std::move(server)),
      counts_(counts),
      load_(server_->loads[worker]) {
  share_.server = server_.get();
}

ServerPool::~ServerPool() { close_idle(); }

std::unique_ptr<UpstreamStream> ServerPool::take(bool fresh) {
  ++share_.in_flight;
  counts_.add_busy();
  ServerLoad::add(load_.requests);
  ServerLoad::add(load_.in_use);
  const Protocol protocol = context_.upstream.protocol;
  if (protocol == Protocol::h2) return take_h2();
  if (protocol == Protocol::negotiated) {
    if (auto h2 = h2_with_room()) return std::make_unique<H2UpstreamStream>(std::move(h2));
  }
  if (!fresh) {
    if (auto kept = take_idle()) return kept;
  }
  return protocol == Protocol::negotiated ? take_negotiated() : make_stream(context_, *server_);
}

// take_idle returns null when no kept connection is good for a request.
std::unique_ptr<UpstreamStream> ServerPool::take_idle() {
  while (!idle_.empty()) {
    auto stream = std::move(idle_.back());
    idle_.pop_back();
    end_idle();
    if (stream->is_quiet()) return stream;
  }
  return nullptr;
}

// take_h2 fills the connections that there are before it makes another one.
std::unique_ptr<UpstreamStream> ServerPool::take_h2() {
  if (auto h2 = h2_with_room()) return std::make_unique<H2UpstreamStream>(std::move(h2));
  shared_.push_back(std::make_shared<H2UpstreamConnection>(context_, *server_));
  return std::make_unique<H2UpstreamStream>(shared_.back());
}

// take_negotiated makes a connection. Requests share it, to be, when the server last chose HTTP/2.
std::unique_ptr<UpstreamStream> ServerPool::take_negotiated() {
  auto connection = last_settled_ == Protocol::h2 ? unsettled_.lock() : nullptr;
  if (!connection || !connection->has_room()) {
    connection = std::make_shared<AlpnConnection>(context_, *server_,
                                                  static_cast<AlpnConnection::Owner*>(this));
    unsettled_ = connection;
  }
  return std::make_unique<AlpnStream>(std::move(connection));
}

// h2_with_room returns null when there is none.
std::shared_ptr<H2UpstreamConnection> ServerPool::h2_with_room() {
  std::erase_if(shared_, [](const auto& connection) { return connection->has_ended(); });
  const auto found = std::find_if(shared_.begin(), shared_.end(),
                                  [](const auto& connection) { return connection->has_room(); });
  return found == shared_.end() ? nullptr : *found;
}

void ServerPool::on_settled(std::shared_ptr<H2UpstreamConnection> h2) {
  last_settled_ = h2 ? Protocol::h2 : Protocol::http1;
  if (h2) shared_.push_back(std::move(h2));
}

void ServerPool::give_back(std::unique_ptr<UpstreamStream> stream, bool keep) {
  --share_.in_flight;
  counts_.end_busy();
  ServerLoad::subtract(load_.in_use);
  if (!keep || !stream->is_reusable()) return;
  stream->become_idle(*this);
  idle_.push_back(std::move(stream));
  counts_.add_idle();
  ServerLoad::add(load_.idle);
}

void ServerPool::close_idle() {
  for (; !idle_.empty(); idle_.pop_back()) end_idle();
  // What is under way keeps its connection.
  shared_.clear();
}

void ServerPool::on_idle_end(UpstreamStream& stream) {
  end_idle();
  std::erase_if(idle_, [&](const auto& idle) { return idle.get() == &stream; });
}

std::unique_ptr<UpstreamStream> make_stream(const UpstreamContext& context, const Server& server) {
  switch (context.upstream.protocol) {
    case Protocol::http1:
      break;
    case Protocol::h2:
      return std::make_unique<H2UpstreamStream>(
          std::make_shared<H2UpstreamConnection>(context, server));
    case Protocol::negotiated:
      return std::make_unique<AlpnStream>(
          std::make_shared<AlpnConnection>(context, server, nullptr));
  }
  return std::make_unique<UpstreamConnection>(context, server);
}

}  // namespace sallyport::proxy
