#pragma once

// LimitSharing lets several gateways count rates together. Every interval it adds what was taken
// here to the buckets in a Redis and makes the buckets here at least as empty as those are. Workers
// never wait for it: without the Redis, each gateway counts for itself. Control thread, except
// ledger().

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gateway/clients/redis_client.h"
#include "gateway/event/live.h"
#include "gateway/event/watch.h"
#include "gateway/policy/module.h"
#include "gateway/ratelimit/ledger.h"
#include "gateway/ratelimit/state.h"

namespace sallyport::ratelimit {

class LimitSharing final : public policy::Service {
 public:
  LimitSharing(std::string_view module, std::shared_ptr<LimitState> state,
               clients::RedisEndpoint endpoint, Milliseconds interval);

  void start(event::Loop& control, event::Broadcast& broadcast) override;
  // not_ready: a Redis Cluster refuses to count keys of several slots in one go, and gateways that
  // name different nodes of it would each count for themselves.
  std::optional<std::string> not_ready() const override;
  std::vector<policy::Notice> notices() override { return std::exchange(notices_, {}); }
  std::shared_ptr<void> examine(event::Loop& loop, const Examined& done) override;
  void metrics(std::vector<policy::Metric>& to) const override;

  // ledger is what workers write; it may outlive this with the last plan that uses it.
  const std::shared_ptr<Ledger>& ledger() const { return ledger_; }

 private:
  // Followed is a key that was used here lately: what others take is asked for even when nothing
  // is taken here for a while.
  struct Followed {
    Tier tier = Tier::strangers;
    std::int64_t amount_ns = 0;  // taken here and not yet told
    MonoTime used{};
  };
  using Key = crypto::Hash128;

  void tick();
  void tell_cluster();
  void gather(const std::vector<std::vector<Taken>>& pages);
  void send();
  void send_batch(std::vector<Key> keys);
  void on_reply(const std::vector<Key>& keys, Result<clients::RedisValue> reply);
  void learn(const Key& key, std::int64_t debt_us);
  void forget_idle();
  std::string name_of(const Key& key) const;

  const std::string place_;   // in the configuration: "modules.rate.shared.redis"
  const std::string prefix_;  // of keys in the Redis: "sallyport:rate:"
  struct Names {
    std::string up, failures, keys, dropped;
  };
  const Names names_;
  const std::shared_ptr<LimitState> state_;
  const clients::RedisEndpoint endpoint_;
  const Milliseconds interval_;
  const std::shared_ptr<Ledger> ledger_ = std::make_shared<Ledger>();
  event::Loop* loop_ = nullptr;
  event::Broadcast* broadcast_ = nullptr;
  std::optional<clients::RedisClient> client_;
  std::optional<event::Every> every_;
  std::unordered_map<Key, Followed, crypto::Hash128Bucket> followed_;
  bool is_gathering_ = false;
  std::size_t unanswered_ = 0;  // batches
  std::uint64_t failures_ = 0;
  bool told_cluster_ = false;
  std::vector<policy::Notice> notices_;
  std::uint64_t dropped_ = 0;
  // Work that comes back to a service that is gone finds this expired.
  const std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace sallyport::ratelimit
