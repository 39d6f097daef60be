#pragma once

// Forward carries one permitted exchange to an upstream and the answer back, bodies streaming both
// ways under the flow-control rule of http/stream.h.

#include <cstdint>
#include <memory>
#include <string_view>

#include "gateway/event/loop.h"
#include "gateway/http/stream.h"
#include "gateway/policy/exchange.h"
#include "gateway/policy/inspection.h"
#include "gateway/proxy/upstream_pool.h"

namespace sallyport::proxy {

class ForwardListener {
 public:
  // on_forward_head is told before the answer's head is sent; it may edit the head's fields.
  virtual void on_forward_head(http::ResponseHead& head) = 0;
  // on_forward_slips: what was tolerated behind the head (http::Slip).
  virtual void on_forward_slips(std::uint8_t slips) = 0;
  // on_forward_end: the whole answer is in the stream.
  virtual void on_forward_end() = 0;
  // on_forward_failed: `head_sent` says whether the client has a part of the answer already.
  virtual void on_forward_failed(const policy::Reason& reason, policy::Evidence evidence,
                                 bool head_sent) = 0;

 protected:
  ~ForwardListener() = default;
};

// ForwardTimes are microseconds since the start; -1: did not happen.
struct ForwardTimes {
  std::int64_t connected_us = -1;
  std::int64_t first_byte_us = -1;
};

class Forward final : private UpstreamListener, private PoolWaiter, private event::Ready {
 public:
  Forward(event::Loop& loop, UpstreamPool& pool, policy::Exchange& exchange, policy::Permit permit,
          http::Stream& client, ForwardListener& listener);
  ~Forward() override;

  // hold gives a body that is here already, before start. Both outlive this object.
  void hold(std::string_view body, const http::Fields& trailers);
  void start();
  // stop ends the interest in the upstream's answer: nothing more is told or sent.
  void stop();
  // What the client's stream tells its listener while the exchange is forwarded comes here.
  void on_client_body(std::string_view piece);
  void on_client_body_end(const http::Fields& trailers);
  void on_client_writable();

  ForwardTimes times() const { return times_; }
  std::string_view server() const { return server_; }
  bool reused() const { return reused_; }
  std::uint64_t bytes_out() const { return bytes_out_; }

 private:
  void run() override { end(); }
  void on_turn() override;
  void on_waited() override;
  void on_connected() override;
  void on_response_head(http::ResponseHead& head) override;
  void on_response_body(std::string_view piece) override;
  void on_response_slips(std::uint8_t slips) override;
  void on_response_end(const http::Fields& trailers) override;
  void on_upstream_writable() override;
  void on_upstream_failed(const Failure& failure) override;
  const policy::Route* route() const override { return exchange_.route; }

  void dispatch(const UpstreamPool::Wish& wish);
  void refuse(const policy::Reason& reason, std::string_view rule);
  void send_held();
  void end();
  bool may_retry();
  bool is_repeatable() const;
  std::int64_t elapsed_us() const;

  event::Loop& loop_;
  UpstreamPool& pool_;
  policy::Exchange& exchange_;
  policy::Permit permit_;  // kept as long as bytes flow under it
  http::Stream& client_;
  ForwardListener& listener_;
  Lease lease_;
  Lease failed_;  // ended inside its own callback; given back later
  Failure failure_;
  ForwardTimes times_;
  std::string_view server_;  // in the exchange's arena: servers come and go
  std::string_view held_;
  const http::Fields* held_trailers_ = nullptr;  // null: the body comes from the client
  MonoTime started_{};
  std::uint64_t bytes_out_ = 0;
  bool reused_ = false;
  unsigned retries_ = 0;
  bool request_complete_ = false;
  bool body_began_ = false;
  bool head_sent_ = false;
  bool stopped_ = false;
};

}  // namespace sallyport::proxy
