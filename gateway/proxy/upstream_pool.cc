#include "gateway/proxy/upstream_pool.h"

#include <algorithm>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/policy/reasons.h"

namespace sallyport::proxy {

namespace reasons = policy::reasons;

namespace {

// The loader has made one of the same configuration already.
std::shared_ptr<tls::ClientContext> make_tls(const Upstream& upstream) {
  if (!upstream.tls) return nullptr;
  auto made = tls::ClientContext::make(upstream.tls->config);
  SALLYPORT_CHECK(made);
  return *std::move(made);
}

}  // namespace

UpstreamPool::UpstreamPool(event::Loop& loop, const Upstream& upstream, unsigned worker,
                           std::span<char> scratch, metrics::Bank& bank, SurplusListener* surplus)
    : tls_(make_tls(upstream)),
      context_{loop, upstream, tls_.get(), scratch, surplus},
      worker_(worker),
      bank_(bank),
      counts_(bank, upstream.slots),
      budget_(upstream.retry_budget),
      queue_timer_(loop, static_cast<event::TimerHandler&>(*this)) {
  upstream.feed->subscribe(worker_, static_cast<ServerFeed::Reader&>(*this));
  on_servers();
}

UpstreamPool::~UpstreamPool() {
  upstream().feed->unsubscribe(worker_, static_cast<ServerFeed::Reader&>(*this));
}

UpstreamPool::Taken UpstreamPool::take(PoolWaiter& waiter, const Wish& wish) {
  if (set_ && set_->servers.empty()) return {{}, &reasons::kUpstreamUnresolved};
  // The first set of servers is waited for: it is on its way.
  const bool is_full = !set_ || counts_.busy() >= upstream().max_connections;
  if (is_full || (!queue_.empty() && !wish.has_waited)) return enqueue(waiter);
  const auto chosen = pick(shares_, upstream().slow_start, context_.loop.mono(), wish.avoid);
  if (!chosen) return {{}, &reasons::kUpstreamDown};
  ServerPool& home = *servers_[*chosen];
  Lease lease{home.take(wish.fresh), &home};
  const UpstreamSlots& slots = upstream().slots;
  bank_.add(lease.stream->was_reused() ? slots.reused : slots.connects);
  return {std::move(lease), nullptr};
}

UpstreamPool::Taken UpstreamPool::enqueue(PoolWaiter& waiter) {
  if (queue_.size() >= upstream().max_pending) return {{}, &reasons::kUpstreamBusy};
  queue_.push(waiter, context_.loop.mono() + upstream().queue_timeout);
  bank_.add(upstream().slots.waiting);
  if (!queue_timer_.is_armed()) queue_timer_.arm(upstream().queue_timeout);
  return {};
}

void UpstreamPool::leave(PoolWaiter& waiter) {
  if (!PoolQueue::is_waiting(waiter)) return;
  queue_.remove(waiter);
  bank_.subtract(upstream().slots.waiting);
}

void UpstreamPool::give_back(Lease lease) {
  const bool is_gone = std::any_of(gone_.begin(), gone_.end(),
                                   [&](const auto& gone) { return gone.get() == lease.home; });
  const bool keep = !is_gone && counts_.idle() < upstream().max_idle;
  lease.home->give_back(std::move(lease.stream), keep);
  if (is_gone) drop_unused();
  if (!queue_.empty()) context_.loop.enqueue(*this);
}

// run lets in as many as there is room for, and not on the stack of who made the room.
void UpstreamPool::run() {
  for (std::size_t turns = queue_.size(); turns > 0; --turns) {
    if (!set_ || (!set_->servers.empty() && counts_.busy() >= upstream().max_connections)) return;
    PoolWaiter* first = queue_.pop();
    if (first == nullptr) return;
    bank_.subtract(upstream().slots.waiting);
    first->on_turn();
  }
}

void UpstreamPool::on_timer() {
  while (PoolWaiter* late = queue_.pop_late(context_.loop.mono())) {
    bank_.subtract(upstream().slots.waiting);
    late->on_waited();
  }
  if (queue_.empty()) return;
  const std::int64_t left_us = queue_.first_until().us - context_.loop.mono().us;
  queue_timer_.arm(Milliseconds(left_us / 1000 + 1));
}

void UpstreamPool::on_servers() {
  set_ = upstream().feed->here(worker_);
  if (!set_) return;
  auto former = std::exchange(servers_, {});
  shares_.clear();
  for (const auto& server : set_->servers) {
    const auto same = std::find_if(former.begin(), former.end(), [&](const auto& pool) {
      return pool != nullptr && &pool->server() == server.get();
    });
    servers_.push_back(same != former.end()
                           ? std::move(*same)
                           : std::make_unique<ServerPool>(context_, server, counts_, worker_));
    shares_.push_back(&servers_.back()->share());
  }
  // What is under way there ends in its own time.
  for (auto& pool : former) {
    if (pool == nullptr) continue;
    pool->close_idle();
    gone_.push_back(std::move(pool));
  }
  drop_unused();
  if (!queue_.empty()) context_.loop.enqueue(*this);
}

void UpstreamPool::drop_unused() {
  std::erase_if(gone_, [](const auto& pool) { return pool->share().in_flight == 0; });
}

void UpstreamPool::on_failure(ServerPool& home, const Failure& failure, bool was_reused) {
  if (failure.reason == &reasons::kOverloaded || failure.reason == &reasons::kUnwritable) return;
  const bool is_connected =
      failure.repeat != Repeat::any_method || failure.reason == &reasons::kUpstreamClosed;
  if (!is_connected) bank_.add(upstream().slots.connect_failures);
  if (was_reused && failure.repeat == Repeat::safe_methods) {
    // A kept connection that has ended says little of the server, and much of its other ones.
    return home.close_idle();
  }
  count_failure(home);
}

void UpstreamPool::count_failure(ServerPool& home) {
  home.count_failure();
  if (!note_failure(*set_, home.server(), upstream().ejection, context_.loop.mono())) return;
  bank_.add(upstream().slots.ejections);
}

bool UpstreamPool::has_other(const Server& server) const {
  return std::any_of(shares_.begin(), shares_.end(), [&](const Share* share) {
    return share->server != &server && share->server->condition.is_up(context_.loop.mono());
  });
}

bool UpstreamPool::spend_retry() {
  if (!budget_.spend()) return false;
  bank_.add(upstream().slots.retries);
  return true;
}

void UpstreamPool::count_answer(int status) {
  bank_.add(upstream().slots.requests[std::clamp(status / 100, 0, 5)]);
}

}  // namespace sallyport::proxy
