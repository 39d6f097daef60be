#pragma once

// One HTTP/2 connection to a server of an upstream, and the streams on it.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/event/transport.h"
#include "gateway/event/watch.h"
#include "gateway/http/h2_client_session.h"
#include "gateway/proxy/dial.h"
#include "gateway/proxy/upstream_stream.h"

namespace sallyport::proxy {

class H2UpstreamStream;

// H2UpstreamConnection is owned by its streams and by who may put more on it.
class H2UpstreamConnection final : private DialListener,
                                   private event::WatchHandler,
                                   private event::TimerHandler,
                                   private event::Ready {
 public:
  // How many streams a server is thought to take until it has said so; RFC 9113 section 6.5.2 wants
  // no fewer of it. What is too many waits in the session.
  static constexpr std::size_t kAssumedStreams = 100;

  // `context` and `server` outlive the connection. It connects when the first stream does.
  H2UpstreamConnection(const UpstreamContext& context, const Server& server);

  // adopt gives it a connection that is made already.
  void adopt(std::unique_ptr<event::Transport> transport);

  // has_room says whether another stream would be carried now; never once it has ended.
  bool has_room() const;
  bool has_ended() const { return state_ == State::ended; }
  bool is_ready() const { return state_ == State::open; }
  bool is_idle() const { return streams_.empty(); }

 private:
  friend class H2UpstreamStream;
  enum class State : std::uint8_t { fresh, dialling, greeting, open, ended };

  void on_dialled(std::unique_ptr<event::Transport> transport, Protocol) override;
  void on_dial_failed(const Failure& failure) override;
  void on_readable() override;
  void on_writable() override { flush(); }
  void on_timer() override;
  void run() override;

  // For the streams.
  void join(H2UpstreamStream& stream);
  void leave(H2UpstreamStream& stream);
  void want_connection();
  // has_news: the session may have something to send.
  void has_news() { context_.loop.enqueue(*this); }

  bool is_connected() const { return state_ == State::greeting || state_ == State::open; }
  void open();
  void flush();
  bool write_out();
  void end(const Failure& failure);

  const UpstreamContext& context_;
  const Server& server_;
  std::unique_ptr<Dial> dial_;  // until it is connected
  std::unique_ptr<event::Transport> transport_;
  std::optional<event::Watch> watch_;
  event::Timer timer_;
  http::H2ClientSession session_;
  std::vector<H2UpstreamStream*> streams_;
  std::string out_;
  std::size_t out_sent_ = 0;
  State state_ = State::fresh;
};

class H2UpstreamStream final : public UpstreamStream,
                               private http::H2Caller,
                               private event::TimerHandler,
                               private event::Ready {
 public:
  explicit H2UpstreamStream(std::shared_ptr<H2UpstreamConnection> connection);
  ~H2UpstreamStream() override;

  void connect(UpstreamListener& listener) override;
  void reuse(UpstreamListener& listener) override { listener_ = &listener; }
  // The connection is kept, never a stream of it.
  void become_idle(IdleOwner&) override {}
  bool is_reusable() const override { return false; }
  bool was_reused() const override { return reused_; }

  void send_request(const http::RequestHead& head, Arena& arena) override;
  void send_body(std::string_view piece) override;
  void send_end(const http::Fields& trailers) override;
  std::size_t unsent() const override { return out_.size() - out_sent_; }
  void want_response(bool yes) override;

 private:
  friend class H2UpstreamConnection;

  Arena& h2_arena() override { return *arena_; }
  void on_h2_head(http::ResponseHead& head) override;
  void on_h2_data(std::string_view piece) override;
  void on_h2_slips(std::uint8_t slips) override { listener_->on_response_slips(slips); }
  void on_h2_end(const http::Fields& trailers) override;
  void on_h2_failed(http::H2End why, std::string_view rule) override;
  std::string_view h2_unsent() const override { return std::string_view(out_).substr(out_sent_); }
  void on_h2_sent(std::size_t bytes) override;
  bool is_h2_complete() const override { return request_complete_; }
  const http::Fields& h2_trailers() const override { return trailers_; }
  void on_timer() override;
  void run() override;

  void on_ready();
  void fail(const Failure& failure);
  void restart_timer();

  const std::shared_ptr<H2UpstreamConnection> connection_;
  const Upstream& upstream_;
  UpstreamListener* listener_ = nullptr;  // null once it was told the end
  event::Timer timer_;
  Arena* arena_ = nullptr;
  std::int32_t id_ = 0;  // zero: not on the connection, or no longer
  std::string out_;      // of the request's body
  std::size_t out_sent_ = 0;
  http::Fields trailers_;
  std::size_t unconsumed_ = 0;  // of the answer, while it is not wanted
  bool reused_ = false;
  bool request_complete_ = false;
  bool has_head_ = false;
  bool is_over_ = false;
  bool response_wanted_ = true;
  bool above_high_water_ = false;
};

}  // namespace sallyport::proxy
