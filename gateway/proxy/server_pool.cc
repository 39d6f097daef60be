#include "gateway/proxy/server_pool.h"

#include <algorithm>
#include <utility>

#include "gateway/proxy/upstream_connection.h"

namespace sallyport::proxy {

ServerPool::ServerPool(const UpstreamContext& context, std::shared_ptr<const Server> server,
                       PoolCounts& counts)
    : context_(context), server_(std::move(server)), counts_(counts) {
  share_.server = server_.get();
}

ServerPool::~ServerPool() { close_idle(); }

std::unique_ptr<UpstreamStream> ServerPool::take(bool fresh) {
  ++share_.in_flight;
  counts_.add_busy();
  if (context_.upstream.protocol == Protocol::h2) return take_h2();
  if (fresh || idle_.empty()) return make_stream(context_, *server_);
  auto stream = std::move(idle_.back());
  idle_.pop_back();
  counts_.end_idle();
  return stream;
}

// take_h2 fills the connections that there are before it makes another one.
std::unique_ptr<UpstreamStream> ServerPool::take_h2() {
  std::erase_if(shared_, [](const auto& connection) { return connection->has_ended(); });
  const auto found = std::find_if(shared_.begin(), shared_.end(),
                                  [](const auto& connection) { return connection->has_room(); });
  if (found != shared_.end()) return std::make_unique<H2UpstreamStream>(*found);
  shared_.push_back(std::make_shared<H2UpstreamConnection>(context_, *server_));
  return std::make_unique<H2UpstreamStream>(shared_.back());
}

void ServerPool::give_back(std::unique_ptr<UpstreamStream> stream, bool keep) {
  --share_.in_flight;
  counts_.end_busy();
  if (!keep || !stream->is_reusable()) return;
  stream->become_idle(*this);
  idle_.push_back(std::move(stream));
  counts_.add_idle();
}

void ServerPool::close_idle() {
  for (; !idle_.empty(); idle_.pop_back()) counts_.end_idle();
  // What is under way keeps its connection.
  shared_.clear();
}

void ServerPool::on_idle_end(UpstreamStream& stream) {
  counts_.end_idle();
  std::erase_if(idle_, [&](const auto& idle) { return idle.get() == &stream; });
}

std::unique_ptr<UpstreamStream> make_stream(const UpstreamContext& context, const Server& server) {
  if (context.upstream.protocol == Protocol::http1) {
    return std::make_unique<UpstreamConnection>(context, server);
  }
  return std::make_unique<H2UpstreamStream>(
      std::make_shared<H2UpstreamConnection>(context, server));
}

}  // namespace sallyport::proxy
