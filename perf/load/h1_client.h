#pragma once

#include "gateway/http/chunked.h"
#include "gateway/http/head_scan.h"
#include "perf/load/connection.h"
#include "perf/load/run.h"

namespace sallyport::perf {

// H1Client asks one thing after the other; with options.close on a new connection each time.
class H1Client final : public Client, private Connection {
 public:
  H1Client(event::Loop& loop, const Options& options, tls::ClientContext& tls, Run& run);

 private:
  void send(MonoTime due) override;
  void on_open() override;
  void on_octets(std::string_view octets) override;
  void on_lost() override;
  std::string_view take_head(std::string_view octets);
  std::string_view take_body(std::string_view octets);
  void finish();

  Run& run_;
  MonoTime due_{};
  bool is_asked_ = false;
  bool in_body_ = false;
  int status_ = 0;
  std::string head_;
  http::HeadScan scan_;
  std::uint64_t body_left_ = 0;
  std::optional<http::ChunkedDecoder> chunked_;
};

}  // namespace sallyport::perf
