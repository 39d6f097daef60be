#pragma once

// RedisConnection is one connection to one Redis server or sentinel: it logs in, sends commands in
// a pipeline and hands each reply to whoever asked. It never reconnects; RedisClient does.

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/result.h"
#include "gateway/clients/redis_settings.h"
#include "gateway/clients/redis_value.h"
#include "gateway/event/loop.h"
#include "gateway/event/task.h"
#include "gateway/event/transport.h"
#include "gateway/event/watch.h"

namespace sallyport::tls {
class ClientContext;
}

namespace sallyport::clients {

using RedisWords = std::vector<std::string_view>;
// RedisReply is told once: the server's reply, which may be its error, or why none will come.
using RedisReply = std::function<void(Result<RedisValue>)>;

struct RedisConnectionOptions {
  RedisServer server;
  RedisLogin login;
  std::shared_ptr<tls::ClientContext> tls;  // null: a plain connection
  std::string server_name;                  // of its certificate; empty: the server's host
  std::string name = "sallyport";           // what CLIENT LIST shows
  Milliseconds connect_timeout{1000};
  Milliseconds command_timeout{1000};
  Milliseconds ping_after{5000};  // of silence; finds out that the server has gone
  RedisReplyLimits reply;
  std::size_t max_commands = 10'000;  // that wait for their reply
  std::size_t max_unsent = 8 * 1024 * 1024;
};

// Callbacks come from the loop, never inside a call, and must not destroy what called them.
class RedisConnection final : private event::WatchHandler,
                              private event::TimerHandler,
                              private event::Ready {
 public:
  struct Hooks {
    std::function<void()> on_ready;                      // logged in
    std::function<void(const std::string& why)> on_end;  // for good; every command was told
    std::function<void(RedisValue message)> on_message;  // of a subscription; may be empty
  };

  RedisConnection(event::Loop& loop, RedisConnectionOptions options, Hooks hooks);
  ~RedisConnection() override;

  // command sends a command; false: not ready, or too much is waiting, and `reply` is never called.
  [[nodiscard]] bool command(const RedisWords& words, RedisReply reply);
  // subscribe asks for the messages of channels (SUBSCRIBE); `reply` is told when all of them are
  // confirmed. From then on the connection is for subscriptions only, as RESP 2 has it.
  [[nodiscard]] bool subscribe(const RedisWords& channels, RedisReply reply);

  // close ends it as if the server had: what waits is told, then on_end.
  void close(std::string why);

  bool is_ready() const { return phase_ == Phase::ready; }

 private:
  enum class Phase : std::uint8_t { dialling, login, ready, over };
  struct Waiting {
    RedisReply reply;
    MonoTime deadline;
    std::size_t replies;  // still to come
  };

  void on_readable() override { receive(); }
  void on_writable() override { send(); }
  void on_timer() override;
  void run() override;

  void log_in(std::unique_ptr<event::Transport> transport);
  void log_in_with(const RedisWords& words, const char* what);
  void become_ready();
  bool enqueue(const RedisWords& words, RedisReply reply, std::size_t replies);
  void send();
  void receive();
  bool take_replies();
  void deliver(RedisValue value);
  void arm_timer();
  void end(const std::string& why) { close(options_.server.text() + ": " + why); }

  event::Loop& loop_;
  const RedisConnectionOptions options_;
  const Hooks hooks_;
  Phase phase_ = Phase::dialling;
  event::Task<std::unique_ptr<event::Transport>> dialling_;
  std::unique_ptr<event::Transport> transport_;
  std::unique_ptr<event::Watch> watch_;  // of the transport's descriptor: it goes first
  event::Timer timer_;
  RedisReplyReader reader_;
  std::deque<Waiting> waiting_;
  std::string unsent_;
  MonoTime last_heard_{};
  bool is_subscribed_ = false;
  bool has_more_to_read_ = false;
  bool has_ended_ = false;  // on_end was called
  std::string why_;
};

}  // namespace sallyport::clients
