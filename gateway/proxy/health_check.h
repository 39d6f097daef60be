#pragma once

// HealthCheck asks one server, again and again, whether it is well: one per server and process, on
// the control thread, over a connection of its own made like those of requests.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/arena.h"
#include "gateway/event/watch.h"
#include "gateway/proxy/upstream_stream.h"

namespace sallyport::proxy {

struct HealthRules {
  std::string path;
  std::string host;              // what the Host field says; empty: the server's address
  std::vector<int> expect{200};  // statuses of a server that is well
  Milliseconds interval{5'000};
  Milliseconds timeout{2'000};  // from the first octet of a connection to the answer's head
  unsigned rise = 2;            // good answers in a row until a server that is down is up
  unsigned fall = 3;            // bad ones until one that is up is down
};

class HealthCheck final : private UpstreamListener,
                          private event::Ready,
                          private event::TimerHandler {
 public:
  // All outlive the check; `failures` counts the checks that failed.
  HealthCheck(const UpstreamContext& context, const Server& server, const HealthRules& rules,
              std::uint64_t& failures);
  ~HealthCheck() override = default;

  // Last is what the last check has found out.
  struct Last {
    std::int64_t at = 0;  // Unix seconds; zero: none has ended yet
    std::string fault;    // "answered 503"; empty: it was good
  };
  const Last& last() const { return last_; }

  // start makes the first check at once.
  void start() { begin(); }

 private:
  void on_connected() override;
  void on_response_head(http::ResponseHead& head) override;
  void on_response_body(std::string_view) override {}
  void on_response_end(const http::Fields&) override {}
  void on_upstream_writable() override {}
  void on_upstream_failed(const Failure& failure) override;
  void on_timer() override;
  void run() override;

  void begin();
  void conclude(std::string fault);
  void apply();

  const UpstreamContext& context_;
  const Server& server_;
  const HealthRules& rules_;
  std::uint64_t& failures_;
  Arena arena_;
  http::RequestHead request_;
  std::unique_ptr<UpstreamStream> stream_;
  event::Timer timer_;
  bool has_ended_ = false;  // the check under way
  Last last_;
  unsigned in_a_row_ = 0;  // that contradict the server's condition
};

}  // namespace sallyport::proxy
