#include "gateway/proxy/upstream_pool.h"

#include <algorithm>

namespace sallyport::proxy {

UpstreamPool::UpstreamPool(event::Loop& loop, const Upstream& upstream, std::span<char> scratch)
    : loop_(loop), upstream_(upstream), scratch_(scratch) {}

std::unique_ptr<UpstreamConnection> UpstreamPool::take(bool fresh) {
  if (!fresh && !idle_.empty()) {
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    ++in_use_;
    return connection;
  }
  if (in_use_ >= upstream_.max_connections) return nullptr;
  ++in_use_;
  const Server& server = upstream_.servers[next_server_++ % upstream_.servers.size()];
  return std::make_unique<UpstreamConnection>(loop_, upstream_, server, scratch_);
}

void UpstreamPool::give_back(std::unique_ptr<UpstreamConnection> connection) {
  --in_use_;
  if (!connection->is_reusable() || idle_.size() >= upstream_.max_idle) return;
  connection->become_idle(*this);
  idle_.push_back(std::move(connection));
}

void UpstreamPool::on_idle_end(UpstreamConnection& connection) {
  std::erase_if(idle_, [&](const auto& idle) { return idle.get() == &connection; });
}

}  // namespace sallyport::proxy
