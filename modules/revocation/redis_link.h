#pragma once

// RedisLink is the pair of connections by which the keys of a Redis are followed over RESP 2: one
// asks and writes, the other is told which keys changed (CLIENT TRACKING ON REDIRECT … BCAST). Both
// are to the same process; when one is lost, so is the link, and it connects again by itself.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/clients/redis_client.h"

namespace sallyport::revocation {

// Callbacks come from the loop, never inside a call, and must not destroy the link.
class RedisLink {
 public:
  struct Hooks {
    // Every change from now on will be told.
    std::function<void()> on_tracking;
    // Changes may have been missed; after on_tracking only.
    std::function<void(const std::string& why)> on_lost;
    std::function<void(std::vector<std::string> keys)> on_changed;
    std::function<void()> on_flushed;  // a database was emptied
  };

  RedisLink(event::Loop& loop, const clients::RedisEndpoint& endpoint,
            std::vector<std::string> prefixes, Hooks hooks, clients::RedisRetry retry);

  bool is_tracking() const { return phase_ == Phase::tracking; }
  // command goes to the connection that asks; false: it is down, and `reply` is never called.
  [[nodiscard]] bool command(const clients::RedisWords& words, clients::RedisReply reply) {
    return asking_.command(words, std::move(reply));
  }
  // ping is answered by the connection that is told, after all that was told before.
  [[nodiscard]] bool ping(clients::RedisReply reply) {
    return told_.command({"PING"}, std::move(reply));
  }
  // drop gives both connections up and begins again.
  void drop(const std::string& why);

  const std::string& server() const { return asking_.server(); }
  const std::string& run_id() const { return run_id_; }
  // is_cluster: the server is a node of a Redis Cluster, and so there is no link; last_error says
  // which.
  bool is_cluster() const { return asking_.is_cluster() || told_.is_cluster(); }
  // last_error says why there is no link; empty: there is.
  const std::string& last_error() const;

 private:
  enum class Phase : std::uint8_t { down, subscribing, tracking };

  void on_up();
  void on_down(const std::string& why);
  void on_message(clients::RedisValue message);
  void ask_told(const clients::RedisWords& words, std::function<void(clients::RedisValue)> then);
  void ask(const clients::RedisWords& words, std::function<void(clients::RedisValue)> then);
  clients::RedisReply unless_refused(std::string what,
                                     std::function<void(clients::RedisValue)> then);
  void subscribe();
  void compare();
  void track();

  const std::vector<std::string> prefixes_;
  const Hooks hooks_;
  Phase phase_ = Phase::down;
  std::string told_id_;   // CLIENT ID of the connection that is told
  std::string told_run_;  // the process that it is to
  std::string run_id_;
  std::string last_error_ = "not connected yet";
  clients::RedisClient asking_;
  clients::RedisClient told_;
};

// info_field returns a field of what INFO says; empty: there is none.
std::string info_field(std::string_view info, std::string_view name);

}  // namespace sallyport::revocation
