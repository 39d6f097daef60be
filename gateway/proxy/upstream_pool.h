#pragma once

// UpstreamPool is one worker's way to one upstream: its servers, the connections to them, and the
// requests that wait for one. Pools share nothing, so that a slow upstream fills only its own.

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "gateway/event/watch.h"
#include "gateway/metrics/metrics.h"
#include "gateway/policy/reason.h"
#include "gateway/proxy/pool_waiter.h"
#include "gateway/proxy/retry_budget.h"
#include "gateway/proxy/server_feed.h"
#include "gateway/proxy/server_pool.h"

namespace sallyport::proxy {

// Lease is a stream and the server that it is of; it is given back to the pool.
struct Lease {
  std::unique_ptr<UpstreamStream> stream;
  ServerPool* home = nullptr;

  explicit operator bool() const { return stream != nullptr; }
};

class UpstreamPool final : private ServerFeed::Reader,
                           private event::Ready,
                           private event::TimerHandler {
 public:
  // What a request may ask for beyond a stream.
  struct Wish {
    bool fresh = false;             // no kept connection
    const Server* avoid = nullptr;  // unless there is no other
    bool has_waited = false;        // it is this request's turn
  };
  // Taken has a lease, or the reason why there is none; with neither the waiter waits.
  struct Taken {
    Lease lease;
    const policy::Reason* refusal = nullptr;
  };

  // `upstream`, `bank` and `surplus` outlive the pool.
  UpstreamPool(event::Loop& loop, const Upstream& upstream, unsigned worker,
               std::span<char> scratch, metrics::Bank& bank, SurplusListener* surplus = nullptr);
  ~UpstreamPool() override;

  Taken take(PoolWaiter& waiter, const Wish& wish);
  void give_back(Lease lease);
  // leave takes a request that gave up out of the queue.
  void leave(PoolWaiter& waiter);

  // on_good and on_failure tell what came of a request, for passive health.
  void on_good(const ServerPool& home) { note_success(home.server()); }
  void on_failure(ServerPool& home, const Failure& failure, bool was_reused);
  void on_bad_status(ServerPool& home) { count_failure(home); }

  // has_other says whether a server but this one is up.
  bool has_other(const Server& server) const;
  // spend_retry takes a retry out of the budget.
  bool spend_retry();
  void count_request() { budget_.on_request(); }
  void count_answer(int status);

  const Upstream& upstream() const { return context_.upstream; }
  std::size_t in_use() const { return counts_.busy(); }
  std::size_t idle() const { return counts_.idle(); }
  std::size_t waiting() const { return queue_.size(); }

 private:
  void on_servers() override;
  void run() override;
  void on_timer() override;

  Taken enqueue(PoolWaiter& waiter);
  void count_failure(ServerPool& home);
  void drop_unused();

  const std::shared_ptr<tls::ClientContext> tls_;  // null: plain text
  const UpstreamContext context_;
  const unsigned worker_;
  metrics::Bank& bank_;
  PoolCounts counts_;
  ServerFeed::Set set_;
  std::vector<std::unique_ptr<ServerPool>> servers_;  // in the order of set_
  std::vector<Share*> shares_;                        // of servers_
  std::vector<std::unique_ptr<ServerPool>> gone_;     // no longer in the set, still in use
  RetryBudget budget_;
  PoolQueue queue_;
  event::Timer queue_timer_;
};

}  // namespace sallyport::proxy
