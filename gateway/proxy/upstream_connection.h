#pragma once

// UpstreamConnection is one HTTP/1.1 connection to a server of an upstream. It carries one exchange
// at a time and is fit for another only after a complete, well-framed answer.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/event/transport.h"
#include "gateway/event/watch.h"
#include "gateway/http/chunked.h"
#include "gateway/http/h1_response.h"
#include "gateway/http/message.h"
#include "gateway/policy/reason.h"
#include "gateway/proxy/upstream.h"

namespace sallyport::proxy {

// Failure is why a connection cannot bring the answer.
struct Failure {
  const policy::Reason* reason;
  std::string_view rule;         // for a broken answer: the rule, a static text
  bool is_retryable = false;     // nothing of an answer had arrived on a reused connection
};

class UpstreamListener {
 public:
  virtual void on_connected() = 0;
  // on_response_head gives the final head; interim ones are swallowed. The head's text lives in the
  // arena given to send_request.
  virtual void on_response_head(http::ResponseHead& head) = 0;
  virtual void on_response_body(std::string_view piece) = 0;
  virtual void on_response_end(const http::Fields& trailers) = 0;
  // on_upstream_writable is told when unsent has fallen below kLowWater.
  virtual void on_upstream_writable() = 0;
  // on_upstream_failed: the connection is useless. Exactly one of end and failed is told.
  virtual void on_upstream_failed(const Failure& failure) = 0;

 protected:
  ~UpstreamListener() = default;
};

class UpstreamConnection final : private event::WatchHandler, private event::TimerHandler {
 public:
  // `scratch` is the worker's read buffer, shared by all connections: what is in it is consumed
  // before the callback returns. `on_idle_end` is told when an idle connection ends.
  UpstreamConnection(event::Loop& loop, const Upstream& upstream, const Server& server,
                     std::span<char> scratch);

  class IdleOwner {
   public:
    virtual void on_idle_end(UpstreamConnection& connection) = 0;

   protected:
    ~IdleOwner() = default;
  };

  // connect begins; on_connected or on_upstream_failed follows, possibly before it returns.
  void connect(UpstreamListener& listener);
  // reuse takes an idle connection for another exchange.
  void reuse(UpstreamListener& listener);
  // become_idle gives it back to the pool.
  void become_idle(IdleOwner& owner);
  bool is_reusable() const { return state_ == State::done && reusable_; }
  bool was_reused() const { return reused_; }

  void send_request(const http::RequestHead& head, Arena& arena);
  void send_body(std::string_view piece);
  void send_end(const http::Fields& trailers);
  std::size_t unsent() const { return out_.size() - out_sent_; }
  // want_response pauses and resumes reading, for flow control.
  void want_response(bool yes);

  const Server& server() const { return server_; }

 private:
  enum class State : std::uint8_t { connecting, sending, head, body, done, idle, failed };

  void on_readable() override;
  void on_writable() override;
  void on_timer() override;

  void finish_connect();
  void flush();
  void take(std::string_view bytes);
  std::string_view take_head(std::string_view bytes);
  std::string_view take_body(std::string_view bytes);
  bool begin_body(http::ResponseHead& head);
  void end_of_stream();
  void complete(const http::Fields& trailers, bool bytes_follow);
  void fail(const policy::Reason& reason, std::string_view rule = {});
  void restart_timer();

  event::Loop& loop_;
  const Upstream& upstream_;
  const Server& server_;
  std::span<char> scratch_;
  UpstreamListener* listener_ = nullptr;
  IdleOwner* idle_owner_ = nullptr;
  std::optional<event::PlainTransport> transport_;
  std::optional<event::Watch> watch_;
  event::Timer timer_;

  State state_ = State::connecting;
  bool reused_ = false;
  bool reusable_ = false;
  bool request_complete_ = false;
  bool request_chunked_ = false;
  bool response_wanted_ = true;
  bool above_high_water_ = false;
  bool answer_began_ = false;
  http::Method method_ = http::Method::get;
  Arena* arena_ = nullptr;
  std::string out_;
  std::size_t out_sent_ = 0;
  std::string in_;  // a head that is not complete yet
  http::HeadScan scan_;
  http::BodyShape body_;
  std::uint64_t body_left_ = 0;
  int interim_heads_ = 0;
  std::optional<http::ChunkedDecoder> chunked_;
};

}  // namespace sallyport::proxy
