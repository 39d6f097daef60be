#pragma once

// FetchJob is one fetch under way: dial, send, read. Part of fetch.

#include <memory>
#include <string>

#include "gateway/clients/dial.h"
#include "gateway/clients/fetch.h"
#include "gateway/clients/fetch_reader.h"
#include "gateway/event/transport.h"
#include "gateway/event/watch.h"

namespace sallyport::clients {

class FetchJob final : private event::WatchHandler, private event::TimerHandler {
 public:
  FetchJob(event::Loop& loop, std::shared_ptr<tls::ClientContext> tls, FetchRequest request,
           FetchLimits limits, event::Promise<FetchResponse> promise);

  void start();

 private:
  enum class Phase : std::uint8_t { dialling, sending, reading, over };

  void on_readable() override { advance(); }
  void on_writable() override { advance(); }
  void on_timer() override { fail("timed out"); }

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
  FetchReader reader_;
};

}  // namespace sallyport::clients
