#pragma once

// UpstreamPool keeps one worker's connections to one upstream: most recently used first, so that
// what is not needed grows old and is closed.

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "gateway/event/loop.h"
#include "gateway/proxy/upstream.h"
#include "gateway/proxy/upstream_connection.h"

namespace sallyport::proxy {

class UpstreamPool final : private UpstreamConnection::IdleOwner {
 public:
  // `upstream` outlives the pool.
  UpstreamPool(event::Loop& loop, const Upstream& upstream, std::span<char> scratch);

  // take returns an idle connection or a new one that is not connected yet; null when
  // max_connections are in use. The caller gives it back or destroys it through give_back.
  std::unique_ptr<UpstreamConnection> take(bool fresh = false);
  // give_back keeps a reusable connection and ends any other.
  void give_back(std::unique_ptr<UpstreamConnection> connection);

  const Upstream& upstream() const { return upstream_; }
  std::size_t in_use() const { return in_use_; }
  std::size_t idle() const { return idle_.size(); }

 private:
  void on_idle_end(UpstreamConnection& connection) override;

  event::Loop& loop_;
  const Upstream& upstream_;
  std::span<char> scratch_;
  std::vector<std::unique_ptr<UpstreamConnection>> idle_;
  std::size_t in_use_ = 0;
  std::size_t next_server_ = 0;
};

}  // namespace sallyport::proxy
