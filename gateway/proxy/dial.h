#pragma once

// Dial makes a connection to a server: TCP or a Unix socket, then TLS where the upstream wants it.

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "gateway/event/transport.h"
#include "gateway/event/watch.h"
#include "gateway/proxy/upstream_stream.h"
#include "gateway/tls/tls_transport.h"

namespace sallyport::proxy {

class DialListener {
 public:
  // Exactly one of these is told, once; it may destroy the dial.
  // `protocol` is http1 or h2.
  virtual void on_dialled(std::unique_ptr<event::Transport> transport, Protocol protocol) = 0;
  virtual void on_dial_failed(const Failure& failure) = 0;

 protected:
  ~DialListener() = default;
};

class Dial final : private event::WatchHandler, private event::TimerHandler {
 public:
  Dial(const UpstreamContext& context, const Server& server, DialListener& listener);

  // start may tell the listener before it returns.
  void start();

 private:
  void on_readable() override { advance(); }
  void on_writable() override { advance(); }
  void on_timer() override;

  bool adopt(int fd);
  void advance();
  void finish_connect();
  void shake_hands();
  bool is_pinned() const;
  void succeed(Protocol protocol);
  void fail(const policy::Reason& reason, std::string_view rule);

  const UpstreamContext& context_;
  const Server& server_;
  DialListener& listener_;
  std::unique_ptr<event::Transport> transport_;
  tls::TlsTransport* secure_ = nullptr;  // transport_, when it is one under TLS
  std::unique_ptr<event::Watch> watch_;
  event::Timer timer_;
  bool connected_ = false;
};

// settled_protocol reads the server's answer to ALPN, empty if there was none. Nothing: the answer
// is none that was `wanted`, or unknown.
std::optional<Protocol> settled_protocol(std::string_view alpn, Protocol wanted);

}  // namespace sallyport::proxy
