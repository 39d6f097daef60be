#pragma once

// FetchJob is one fetch under way: resolve, connect, shake hands, send, read. Part of fetch.

#include <memory>
#include <string>
#include <vector>

#include "gateway/clients/fetch.h"
#include "gateway/clients/fetch_reader.h"
#include "gateway/clients/fetch_resolve.h"
#include "gateway/event/transport.h"
#include "gateway/event/watch.h"
#include "gateway/net/address.h"
#include "gateway/tls/client_context.h"

namespace sallyport::clients {

class FetchJob final : private event::WatchHandler, private event::TimerHandler {
 public:
  FetchJob(event::Loop& loop, std::shared_ptr<tls::ClientContext> tls, FetchRequest request,
           FetchLimits limits, event::Promise<FetchResponse> promise);

  void start();

 private:
  enum class Phase : std::uint8_t { resolving, connecting, handshaking, sending, reading, over };

  void on_readable() override { advance(); }
  void on_writable() override { advance(); }
  void on_timer() override;

  void use(std::vector<net::Address> addresses);
  // try_next connects to the next address; without one it fails, saying `why` the last did.
  void try_next(std::string_view why);
  bool connect_to(const net::Address& address);
  bool adopt(int fd);
  void arm_timer();
  void advance();
  void finish_connecting();
  void shake_hands();
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

  Phase phase_ = Phase::resolving;
  MonoTime deadline_;
  event::Timer timer_;
  event::Task<std::vector<net::Address>> resolving_;
  std::vector<net::Address> addresses_;
  std::size_t next_address_ = 0;
  std::unique_ptr<event::Transport> transport_;
  tls::TlsTransport* secure_ = nullptr;  // the same, if it is one
  std::unique_ptr<event::Watch> watch_;  // of the transport's descriptor: it goes first
  std::string to_send_;
  std::size_t sent_ = 0;
  FetchReader reader_;
};

}  // namespace sallyport::clients
