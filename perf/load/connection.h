#pragma once

// Connection is the transport part that clients of both protocols share: TCP, TLS, octets.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/event/watch.h"
#include "gateway/tls/client_context.h"
#include "perf/load/options.h"

namespace sallyport::perf {

class Connection : private event::WatchHandler {
 public:
  Connection(event::Loop& loop, const Options& options, tls::ClientContext& tls)
      : loop_(loop), options_(options), tls_(tls) {}
  virtual ~Connection() = default;

 protected:
  // open connects anew; on_open or on_lost follows.
  void open();
  void close();
  // write sends what it can now and keeps the rest.
  void write(std::string_view octets);
  bool is_open() const { return is_shaken_; }
  event::Loop& loop() { return loop_; }
  const Options& options() const { return options_; }

  virtual void on_open() = 0;
  virtual void on_octets(std::string_view octets) = 0;
  virtual void on_lost() = 0;

 private:
  void on_readable() override;
  void on_writable() override;
  void shake();
  void flush();

  event::Loop& loop_;
  const Options& options_;
  tls::ClientContext& tls_;
  std::unique_ptr<tls::TlsTransport> transport_;
  std::optional<event::Watch> watch_;
  bool is_shaken_ = false;
  std::string out_;
};

}  // namespace sallyport::perf
