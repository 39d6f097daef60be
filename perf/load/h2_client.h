#pragma once

#include <nghttp2/nghttp2.h>

#include <unordered_map>

#include "perf/load/connection.h"
#include "perf/load/run.h"

namespace sallyport::perf {

// H2Client keeps options.streams requests open on one connection.
class H2Client final : public Client, private Connection {
 public:
  H2Client(event::Loop& loop, const Options& options, tls::ClientContext& tls, Run& run);
  ~H2Client() override;

 private:
  struct Stream {
    MonoTime due{};
    int status = 0;
  };
  friend struct H2ClientCallbacks;

  void send(MonoTime due) override;
  void on_open() override;
  void on_octets(std::string_view octets) override;
  void on_lost() override;
  void pump();
  void ended(std::int32_t stream);

  Run& run_;
  nghttp2_session* session_ = nullptr;
  std::unordered_map<std::int32_t, Stream> streams_;
  bool is_pumping_ = false;
};

}  // namespace sallyport::perf
