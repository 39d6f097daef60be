#pragma once

// UpstreamConnection is one HTTP/1.1 connection to a server of an upstream, under TLS or not. It
// carries one exchange at a time and is fit for another only after a complete, well-framed answer
// to a request that the server has taken whole. Whether a server reads the content of a request,
// nobody but its operator knows (Upstream::reuse_after_content); what it leaves unread it would
// take for the next request, and what it sends too much we would take for the next answer.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/event/transport.h"
#include "gateway/event/watch.h"
#include "gateway/http/chunked.h"
#include "gateway/http/h1_response.h"
#include "gateway/proxy/dial.h"
#include "gateway/proxy/upstream_stream.h"

namespace sallyport::proxy {

class UpstreamConnection final : public UpstreamStream,
                                 private DialListener,
                                 private event::WatchHandler,
                                 private event::TimerHandler,
                                 private event::Ready {
 public:
  // `context` and `server` outlive the connection.
  UpstreamConnection(const UpstreamContext& context, const Server& server);

  void connect(UpstreamListener& listener) override;
  // adopt is told instead of connect when the connection is made already.
  void adopt(std::unique_ptr<event::Transport> transport, UpstreamListener& listener);
  void reuse(UpstreamListener& listener) override;
  void become_idle(IdleOwner& owner) override;
  bool is_reusable() const override { return state_ == State::done && reusable_; }
  bool is_quiet() override;
  bool was_reused() const override { return reused_; }

  void send_request(const http::RequestHead& head, Arena& arena) override;
  void send_body(std::string_view piece) override;
  void send_end(const http::Fields& trailers) override;
  std::size_t unsent() const override { return out_.size() - out_sent_; }
  void want_response(bool yes) override;

 private:
  enum class State : std::uint8_t { connecting, sending, head, body, done, idle, failed };

  void on_dialled(std::unique_ptr<event::Transport> transport, Protocol) override;
  void on_dial_failed(const Failure& failure) override;
  void on_readable() override;
  void on_writable() override;
  void on_timer() override;
  void run() override;

  bool wants_octets() const;
  void read_some();
  void flush_soon();
  void flush();
  void take(std::string_view bytes);
  std::string_view take_head(std::string_view bytes);
  std::string_view take_body(std::string_view bytes);
  bool begin_body(http::ResponseHead& head);
  bool leaves_nothing(const http::ResponseHead& head) const;
  bool has_said_more();
  void tell_surplus() const;
  void end_of_stream();
  void complete(const http::Fields& trailers, bool bytes_follow);
  void fail(const policy::Reason& reason, std::string_view rule = {});
  void restart_timer();

  const UpstreamContext& context_;
  const Upstream& upstream_;
  const Server& server_;
  UpstreamListener* listener_ = nullptr;
  IdleOwner* idle_owner_ = nullptr;
  std::unique_ptr<Dial> dial_;  // until it is connected
  std::unique_ptr<event::Transport> transport_;
  std::optional<event::Watch> watch_;
  event::Timer timer_;

  State state_ = State::connecting;
  bool reused_ = false;
  bool reusable_ = false;
  bool request_complete_ = false;
  bool request_chunked_ = false;
  bool closes_after_ = false;  // this exchange is the connection's last
  bool is_doubtful_ = false;   // an exchange may have left octets, were the operator mistaken
  bool response_wanted_ = true;
  bool above_high_water_ = false;
  bool answer_began_ = false;
  http::Method method_ = http::Method::get;
  const policy::Route* route_ = nullptr;  // of the last exchange
  std::uint64_t request_left_ = 0;        // octets of content that may still be sent
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
