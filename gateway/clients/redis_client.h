#pragma once

// RedisClient keeps one connection to the master of an endpoint, on one loop: it asks the sentinels
// where there are any, verifies that the server is a master, and connects again after a loss. What
// was under way at a loss has failed; nothing is ever sent twice. A node of a Redis Cluster is not
// used: it has a part of the keys only, and nobody would notice which.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "gateway/clients/redis_connection.h"
#include "gateway/clients/redis_settings.h"

namespace sallyport::clients {

struct RedisRetry {
  Milliseconds first{100};  // after a failure; doubles from then on, and half of it is random
  Milliseconds last{5000};
};

// Callbacks come from the loop, never inside a call, and must not destroy the client.
class RedisClient final : private event::Ready, private event::TimerHandler {
 public:
  struct Hooks {
    std::function<void()> on_up;
    std::function<void(const std::string& why)> on_down;  // after on_up only
    std::function<void(RedisValue message)> on_message;   // of a subscription
  };

  RedisClient(event::Loop& loop, RedisEndpoint endpoint, Hooks hooks, RedisRetry retry = {});
  ~RedisClient() override;

  bool is_up() const { return is_up_; }
  // command and subscribe are those of the connection; false also while it is down. Subscriptions
  // end with their connection: subscribe in on_up.
  [[nodiscard]] bool command(const RedisWords& words, RedisReply reply);
  [[nodiscard]] bool subscribe(const RedisWords& channels, RedisReply reply);

  // drop ends a connection that is up, as if the server had: for who finds that it is not the one
  // that is needed.
  void drop(std::string why) {
    if (is_up_) fail(std::move(why));
  }

  // server is who the master is or was last; last_error why the last attempt or connection failed.
  const std::string& server() const { return server_; }
  const std::string& last_error() const { return last_error_; }
  std::uint64_t failures() const { return failures_; }
  // is_cluster says that the server was found to be a node of a Redis Cluster, until one that is
  // none was connected to; last_error says which.
  bool is_cluster() const { return is_cluster_; }

 private:
  void run() override;
  void on_timer() override { attempt(); }

  void attempt();
  void ask_sentinel();
  void on_sentinel_answer(Result<RedisValue> reply);
  void connect_to(RedisServer server);
  void open(RedisServer server, const RedisLogin& login, RedisConnection::Hooks hooks);
  void verify();
  void on_role(const Result<RedisValue>& role);
  void fail_as_cluster();
  void fail(std::string why);
  Milliseconds next_delay();

  event::Loop& loop_;
  const RedisEndpoint endpoint_;
  const Hooks hooks_;
  const RedisRetry retry_;
  std::unique_ptr<RedisConnection> connection_;
  event::Timer timer_;
  std::minstd_rand random_;
  Milliseconds delay_{};
  std::size_t next_server_ = 0;
  std::optional<RedisServer> found_;  // what a sentinel answered; connected to next
  bool is_up_ = false;
  bool has_failed_ = false;  // the connection goes at the next run
  bool is_cluster_ = false;
  std::string server_;
  std::string last_error_;
  std::uint64_t failures_ = 0;
};

}  // namespace sallyport::clients
