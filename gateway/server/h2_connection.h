#pragma once

// H2Connection carries exchanges over one HTTP/2 connection, many at a time. The codec is
// http/h2_server_session; here are the socket, the times and the end of it all.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/event/loop.h"
#include "gateway/event/transport.h"
#include "gateway/event/watch.h"
#include "gateway/http/h2_server_session.h"
#include "gateway/server/client_context.h"
#include "gateway/server/h2_stream.h"
#include "gateway/server/patience.h"
#include "gateway/server/worker_state.h"

namespace sallyport::server {

class H2Connection final : public ClientConnection,
                           private http::H2SessionOwner,
                           private H2StreamOwner,
                           private event::WatchHandler,
                           private event::TimerHandler,
                           private event::Ready {
 public:
  // `client` is what the handshake established.
  H2Connection(WorkerState& worker, std::unique_ptr<event::Transport> transport,
               std::unique_ptr<ClientContext> client);
  ~H2Connection() override;

  void start();
  void begin_drain() override;
  void end_if_idle() override;
  void trust_changed() override;
  void end_now() override { client_left(); }
  bool has_served() const override { return has_served_; }
  bool may_make_room(MonoTime now) const override;
  void shed() override;

 private:
  enum class State : std::uint8_t { open, lingering, closed };

  // Readiness, time and the ready list.
  void on_readable() override { read_some(); }
  void on_writable() override { run(); }
  void on_timer() override;
  void run() override;

  void read_some();
  void read_and_forget();
  bool take(std::string_view bytes);
  void charge_transport();
  void flush();
  bool write_out();
  void update_interest();
  bool is_clogged() const;

  // http::H2SessionOwner.
  http::H2Sink& on_h2_request(std::int32_t stream, const http::HeaderBlock& head,
                              bool ends_stream) override;
  // H2StreamOwner.
  http::H2ServerSession& codec() override { return codec_; }
  const ClientContext& client() const override { return *client_; }
  void has_news() override { worker_.loop().enqueue(*this); }
  void on_stream_over(H2Stream& stream) override;

  void give_up();
  void linger();
  void close();
  void client_left();
  void lose_streams(const policy::Reason* why = nullptr);
  void arm_timer();
  bool is_too_slow();
  void check_streams();
  void log_problem();

  WorkerState& worker_;
  std::unique_ptr<event::Transport> transport_;
  std::unique_ptr<ClientContext> client_;
  event::Watch watch_;
  event::Timer timer_;
  // The limits of the generation that the connection began with.
  const std::shared_ptr<Attached> attached_;
  http::H2ServerSession codec_;

  State state_ = State::open;
  bool is_ending_ = false;      // GOAWAY was sent: no more streams
  bool is_distrusted_ = false;  // the client's certificate is not trusted any more
  bool has_served_ = false;     // a request came to its end
  int requests_ = 0;
  MonoTime idle_since_;
  MonoTime head_began_{};
  std::int64_t transport_overhead_;  // as it was when it was last charged
  std::string out_;
  std::size_t out_sent_ = 0;
  Patience reader_patience_;  // while the kernel takes nothing
  std::unordered_map<std::int32_t, std::unique_ptr<H2Stream>> streams_;
  std::vector<std::unique_ptr<H2Stream>> over_;  // destroyed on an empty stack
};

}  // namespace sallyport::server
