#pragma once

// FetchJob is one fetch under way: dial, send, read. Part of fetch.

#include <memory>
#include <optional>
#include <string>

#include "gateway/clients/dial.h"
#include "gateway/clients/fetch.h"
#include "gateway/clients/fetch_idle.h"
#include "gateway/clients/fetch_reader.h"
#include "gateway/event/transport.h"
#include "gateway/event/watch.h"

namespace sallyport::clients {

class FetchJob final : private event::WatchHandler, private event::TimerHandler {
 public:
  // `idle` is null when connections are not kept.
  FetchJob(event::Loop& loop, std::shared_ptr<tls::ClientContext> tls, FetchRequest request,
           FetchLimits limits, std::shared_ptr<IdleConnections> idle,
           event::Promise<FetchResponse> promise);

  void start();

 private:
  enum class Phase : std::uint8_t { dialling, sending, reading, over };

  void on_readable() override { advance(); }
  void on_writable() override { advance(); }
  void on_timer() override;

  // reuse sends on a kept connection; false: there is none.
  bool reuse();
  // begin_anew dials, also after a kept connection has turned out to be closed.
  void begin_anew();
  void watch_transport();
  void use(std::unique_ptr<event::Transport> transport);
  void advance();
  void send();
  void read();
  void await_io(event::Io outcome);
  void fail(std::string_view why);
  void finish(Result<FetchResponse> result);

  event::Loop& loop_;
  const std::shared_ptr<tls::ClientContext> tls_;
  const FetchRequest request_;
  const FetchLimits limits_;
  event::Promise<FetchResponse> promise_;

  Phase phase_ = Phase::dialling;
  event::Timer timer_;
  event::Task<std::unique_ptr<event::Transport>> dialling_;
  std::unique_ptr<event::Transport> transport_;
  std::unique_ptr<event::Watch> watch_;  // of the transport's descriptor: it goes first
  std::string to_send_;
  std::size_t sent_ = 0;
  std::optional<FetchReader> reader_;
  const std::shared_ptr<IdleConnections> idle_;
  bool is_reused_ = false;  // and nothing has been received on it yet
};

}  // namespace sallyport::clients
