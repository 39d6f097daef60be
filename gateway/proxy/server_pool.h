#pragma once

// ServerPool is one worker's connections to one server. Kept ones are taken most recently used
// first, so that what is not needed grows old and is closed.

#include <cstddef>
#include <memory>
#include <vector>

#include "gateway/metrics/metrics.h"
#include "gateway/proxy/alpn_stream.h"
#include "gateway/proxy/balancer.h"
#include "gateway/proxy/h2_upstream.h"
#include "gateway/proxy/upstream_stream.h"

namespace sallyport::proxy {

// PoolCounts adds up the servers of one pool, and tells the metrics.
class PoolCounts {
 public:
  PoolCounts(metrics::Bank& bank, const UpstreamSlots& slots) : bank_(bank), slots_(slots) {}

  void add_busy() { ++busy_, bank_.add(slots_.busy); }
  void end_busy() { --busy_, bank_.subtract(slots_.busy); }
  void add_idle() { ++idle_, bank_.add(slots_.idle); }
  void end_idle() { --idle_, bank_.subtract(slots_.idle); }
  std::size_t busy() const { return busy_; }
  std::size_t idle() const { return idle_; }

 private:
  metrics::Bank& bank_;
  const UpstreamSlots& slots_;
  std::size_t busy_ = 0;
  std::size_t idle_ = 0;
};

class ServerPool final : private UpstreamStream::IdleOwner, private AlpnConnection::Owner {
 public:
  ServerPool(const UpstreamContext& context, std::shared_ptr<const Server> server,
             PoolCounts& counts, unsigned worker);
  ~ServerPool();
  ServerPool(const ServerPool&) = delete;
  ServerPool& operator=(const ServerPool&) = delete;

  // take returns a kept stream, or a new one that is not connected yet.
  std::unique_ptr<UpstreamStream> take(bool fresh);
  // give_back keeps a reusable stream if `keep`, and ends any other.
  void give_back(std::unique_ptr<UpstreamStream> stream, bool keep);
  void close_idle();

  const Server& server() const { return *server_; }
  void count_failure() { ServerLoad::add(load_.failures); }
  Share& share() { return share_; }

 private:
  void end_idle() { counts_.end_idle(), ServerLoad::subtract(load_.idle); }
  void on_idle_end(UpstreamStream& stream) override;
  void on_settled(std::shared_ptr<H2UpstreamConnection> h2) override;
  std::unique_ptr<UpstreamStream> take_idle();
  std::unique_ptr<UpstreamStream> take_h2();
  std::unique_ptr<UpstreamStream> take_negotiated();
  std::shared_ptr<H2UpstreamConnection> h2_with_room();

  const UpstreamContext& context_;
  const std::shared_ptr<const Server> server_;
  PoolCounts& counts_;
  ServerLoad& load_;
  Share share_;
  std::vector<std::unique_ptr<UpstreamStream>> idle_;
  std::vector<std::shared_ptr<H2UpstreamConnection>> shared_;  // of HTTP/2
  // For Protocol::negotiated: what the server settled on last, negotiated until it is known.
  Protocol last_settled_ = Protocol::negotiated;
  std::weak_ptr<AlpnConnection> unsettled_;  // the youngest
};

// make_stream returns a stream with a connection of its own.
std::unique_ptr<UpstreamStream> make_stream(const UpstreamContext& context, const Server& server);

}  // namespace sallyport::proxy
