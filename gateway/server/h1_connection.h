#pragma once

// H1Connection carries exchanges over one HTTP/1.1 connection, one after the other: octets come in,
// heads and bodies go to a Session, answers go out. What a client sends ahead waits its turn.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/event/loop.h"
#include "gateway/event/transport.h"
#include "gateway/event/watch.h"
#include "gateway/http/chunked.h"
#include "gateway/http/head_scan.h"
#include "gateway/http/overhead.h"
#include "gateway/http/serialise.h"
#include "gateway/http/stream.h"
#include "gateway/server/client_context.h"
#include "gateway/server/patience.h"
#include "gateway/server/session.h"
#include "gateway/server/worker_state.h"

namespace sallyport::server {

class H1Connection final : public ClientConnection,
                           private http::Stream,
                           private SessionOwner,
                           private event::WatchHandler,
                           private event::TimerHandler,
                           private event::Ready {
 public:
  // `client` is what the handshake established.
  H1Connection(WorkerState& worker, std::unique_ptr<event::Transport> transport,
               std::unique_ptr<ClientContext> client);
  ~H1Connection() override;

  // start reads what may have come with the end of the handshake.
  void start();
  void end_if_idle() override;
  void trust_changed() override;
  void end_now() override { client_left(); }
  bool has_served() const override { return has_served_; }
  bool may_make_room(MonoTime now) const override;
  void shed() override;

 private:
  enum class State : std::uint8_t {
    idle,       // between exchanges, nothing received
    head,       // a part of a head received
    exchange,   // a session is at work
    lingering,  // answered and closed for writing; reads and forgets until the client closes
    closed,
  };
  enum class Body : std::uint8_t { none, reading, complete };

  // Readiness and the ready list.
  void on_readable() override { read_some(); }
  void on_writable() override;
  void on_timer() override;
  void run() override;

  // Octets in.
  void read_some();
  void read_and_forget();
  void take(std::string_view bytes);
  void pump();
  std::string_view take_head(std::string_view bytes);
  std::string_view take_body(std::string_view bytes);
  std::size_t take_content(std::string_view bytes);
  std::size_t take_chunk(std::string_view bytes);
  void note_progress(std::size_t octets, std::size_t content);
  void end_body(const http::Fields& trailers);
  void stash(std::string_view bytes);
  bool wants_octets() const;
  void update_interest();

  // http::Stream.
  void send_continue() override;
  void send_head(http::ResponseHead& head) override;
  void send_body(std::string_view piece) override;
  void send_end(const http::Fields& trailers) override;
  void abort() override;
  std::size_t unsent() const override { return out_.size() - out_sent_; }
  void want_body(bool yes) override;
  void flush();
  void watch_reader();

  // SessionOwner.
  void on_session_end() override;
  bool serves(std::string_view host) const override { return client_->serves(host); }

  Session& open_session();
  void begin_session(std::string_view head);
  bool answer_may_wait() const;
  void finish_exchange();
  void next_exchange();
  void refuse_head(http::Violation violation);
  bool is_newly_overdrawn();
  void refuse_overhead();
  void linger();
  void close();
  void client_left();
  void arm_timer();
  void on_slow_reader();
  http::Persistence persistence() const;

  WorkerState& worker_;
  std::unique_ptr<event::Transport> transport_;
  std::unique_ptr<ClientContext> client_;
  event::Watch watch_;
  event::Timer timer_;

  State state_ = State::idle;
  Body body_ = Body::none;
  bool body_wanted_ = false;
  bool session_ended_ = false;
  bool answer_chunked_ = false;
  bool answer_began_ = false;
  bool answer_complete_ = false;  // it was handed over to its end
  bool keep_alive_ = true;        // whether another exchange may follow
  bool client_is_http10_ = false;
  bool above_high_water_ = false;
  bool is_distrusted_ = false;  // the client's certificate is not trusted any more
  bool has_served_ = false;     // an exchange came to its end
  int requests_ = 0;
  std::uint64_t body_left_ = 0;
  std::uint64_t body_taken_ = 0;  // octets of the body under way, with its framing
  MonoTime head_began_{};
  http::HeadScan scan_;
  http::OverheadAccount account_;
  bool was_overdrawn_ = false;
  std::int64_t transport_overhead_;  // as it was when it was last charged
  std::string in_;                   // octets that wait: a part of a head, or what was sent ahead
  std::size_t skipped_ = 0;          // octets of the empty line between two requests
  std::string out_;
  std::size_t out_sent_ = 0;
  std::uint64_t written_ = 0;  // to the socket, of all answers
  std::uint64_t taken_ = 0;    // of that by the client, when its patience was last looked at
  Patience body_patience_;
  Patience reader_patience_;
  std::unique_ptr<http::ChunkedDecoder> chunked_;  // few requests need one
  BlockStore::Pointer<Session> session_;
};

}  // namespace sallyport::server
