#pragma once

// H2Stream carries one exchange over an HTTP/2 connection: to the session it is a stream like one
// of HTTP/1, to the codec the sink of a stream.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/event/loop.h"
#include "gateway/http/h2_server_session.h"
#include "gateway/http/stream.h"
#include "gateway/server/client_context.h"
#include "gateway/server/patience.h"
#include "gateway/server/session.h"
#include "gateway/server/worker_state.h"

namespace sallyport::server {

class H2Stream;

// H2StreamOwner is the connection.
class H2StreamOwner {
 public:
  virtual http::H2ServerSession& codec() = 0;
  virtual const ClientContext& client() const = 0;
  // has_news: the codec has something to send.
  virtual void has_news() = 0;
  // on_stream_over: the stream is not called again; it is destroyed later, not now.
  virtual void on_stream_over(H2Stream& stream) = 0;

 protected:
  ~H2StreamOwner() = default;
};

class H2Stream final : public http::H2Sink,
                       private http::Stream,
                       private SessionOwner,
                       private event::Ready {
 public:
  H2Stream(WorkerState& worker, H2StreamOwner& owner, std::int32_t id);
  ~H2Stream() override;

  // begin takes the head of the request.
  void begin(const http::HeaderBlock& head, bool ends_stream);
  // connection_lost: nobody will read an answer. `why` is null when the client went.
  void connection_lost(const policy::Reason* why);
  // check_time ends what takes too long.
  void check_time(MonoTime now);

  // trickles says whether the client is slow with a body that we wait for; see trickle.h.
  bool trickles(MonoTime now) const;

  std::int32_t id() const { return id_; }

 private:
  void run() override;
  void deliver();
  void take_body(std::string_view piece);
  void end_body();
  void refuse_body(http::Violation violation);
  void discard(std::size_t bytes);
  void cut_body();
  bool is_alive() const { return session_ != nullptr && !session_ended_; }

  // http::H2Sink.
  void on_h2_data(std::string_view piece) override;
  void on_h2_end(const http::HeaderBlock* trailers) override;
  void on_h2_answered() override;
  void on_h2_close(bool is_well) override;
  std::string_view h2_unsent() const override;
  void on_h2_sent(std::size_t bytes) override;
  bool is_h2_complete() const override { return answer_complete_; }
  const http::Fields& h2_trailers() const override { return answer_trailers_; }

  // http::Stream.
  void send_continue() override;
  void send_head(http::ResponseHead& head) override;
  void send_body(std::string_view piece) override;
  void send_end(const http::Fields& trailers) override;
  void abort() override;
  std::size_t unsent() const override { return out_.size() - out_sent_; }
  void want_body(bool yes) override;

  // SessionOwner.
  void on_session_end() override;
  bool serves(std::string_view host) const override { return owner_.client().serves(host); }

  WorkerState& worker_;
  H2StreamOwner& owner_;
  const std::int32_t id_;
  BlockStore::Pointer<Session> session_;
  std::string in_;   // octets of the body that wait until they are wanted
  std::string out_;  // octets of the answer's body that wait for the client's window
  std::size_t out_sent_ = 0;
  http::Fields request_trailers_;
  http::Fields answer_trailers_;
  Arena trailer_arena_;
  std::uint64_t body_left_ = 0;  // of an announced length
  std::uint64_t body_taken_ = 0;
  std::uint64_t discard_left_ = 0;         // of a body that comes after its answer
  std::optional<MonoTime> discard_until_;  // set while it does
  const MonoTime began_;
  Patience body_patience_;    // while octets of the body are wanted
  Patience reader_patience_;  // while octets of the answer wait for the client's window
  bool length_is_known_ = false;
  bool body_wanted_ = false;
  bool request_complete_ = false;  // the client has sent all
  bool body_delivered_ = false;    // the session has been told so
  bool answer_began_ = false;
  bool answer_complete_ = false;
  bool above_high_water_ = false;
  bool session_ended_ = false;
  bool is_over_ = false;
};

}  // namespace sallyport::server
