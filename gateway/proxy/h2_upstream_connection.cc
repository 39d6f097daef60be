#include <algorithm>
#include <utility>

#include "gateway/http/stream.h"
#include "gateway/policy/reasons.h"
#include "gateway/proxy/h2_upstream.h"

namespace sallyport::proxy {

namespace reasons = policy::reasons;

namespace {

// What is produced at a time; more waits in the streams.
constexpr std::size_t kOutput = 64 * 1024;
constexpr int kOutputsPerTurn = 4;

}  // namespace

H2UpstreamConnection::H2UpstreamConnection(const UpstreamContext& context, const Server& server)
    : context_(context),
      server_(server),
      timer_(context.loop, static_cast<event::TimerHandler&>(*this)),
      session_(context.upstream.head_limits, http::kHighWater) {}

bool H2UpstreamConnection::has_room() const {
  if (state_ == State::ended) return false;
  return state_ == State::open ? session_.has_room() : streams_.size() < kAssumedStreams;
}

void H2UpstreamConnection::join(H2UpstreamStream& stream) {
  streams_.push_back(&stream);
  if (state_ == State::open) timer_.disarm();
}

void H2UpstreamConnection::leave(H2UpstreamStream& stream) {
  std::erase(streams_, &stream);
  if (state_ != State::open) return;
  has_news();
  if (streams_.empty()) timer_.arm(context_.upstream.keep_alive);
}

void H2UpstreamConnection::want_connection() {
  if (state_ != State::fresh) return;
  state_ = State::dialling;
  dial_ = std::make_unique<Dial>(context_, server_, static_cast<DialListener&>(*this));
  dial_->start();
}

void H2UpstreamConnection::on_dialled(std::unique_ptr<event::Transport> transport, Protocol) {
  dial_.reset();
  adopt(std::move(transport));
}

void H2UpstreamConnection::adopt(std::unique_ptr<event::Transport> transport) {
  transport_ = std::move(transport);
  watch_.emplace(context_.loop, transport_->fd(), static_cast<event::WatchHandler&>(*this));
  watch_->want(true, false);
  // Requests wait for the server's settings, so that it gets no more of them than it takes.
  state_ = State::greeting;
  timer_.arm(context_.upstream.handshake_timeout);
  has_news();
}

void H2UpstreamConnection::open() {
  state_ = State::open;
  timer_.disarm();
  if (streams_.empty()) timer_.arm(context_.upstream.keep_alive);
  for (H2UpstreamStream* stream : std::vector(streams_)) stream->on_ready();
}

void H2UpstreamConnection::on_dial_failed(const Failure& failure) { end(failure); }

void H2UpstreamConnection::on_readable() {
  if (!is_connected()) return;
  const event::IoResult result = transport_->read(context_.scratch);
  if (result.outcome == event::Io::again_read || result.outcome == event::Io::again_write) return;
  const bool is_good =
      result.outcome == event::Io::done && session_.feed({context_.scratch.data(), result.bytes});
  if (!is_good) {
    const bool is_broken = result.outcome == event::Io::done;
    return end({is_broken ? &reasons::kUpstreamBroken : &reasons::kUpstreamClosed,
                is_broken ? "http2" : "", is_broken ? Repeat::never : Repeat::safe_methods});
  }
  if (state_ == State::greeting && session_.has_greeted()) open();
  has_news();
}

void H2UpstreamConnection::run() {
  if (!is_connected()) return;
  flush();
  if (!is_connected()) return;
  if (session_.is_over()) return end({&reasons::kUpstreamClosed, {}, Repeat::safe_methods});
  if (transport_->has_buffered()) on_readable();
}

void H2UpstreamConnection::flush() {
  for (int i = 0;; ++i) {
    if (i == kOutputsPerTurn) return has_news();  // others have their turn first
    if (!session_.produce(out_, kOutput)) {
      return end({&reasons::kUpstreamBroken, "http2", Repeat::never});
    }
    if (out_.empty()) break;
    if (!write_out()) return;
  }
  if (streams_.empty()) out_ = {};
  watch_->want_write(false);
}

// write_out returns true when all has left.
bool H2UpstreamConnection::write_out() {
  while (out_sent_ < out_.size()) {
    const iovec piece{out_.data() + out_sent_, out_.size() - out_sent_};
    const event::IoResult result = transport_->write({&piece, 1});
    if (result.outcome == event::Io::done) {
      out_sent_ += result.bytes;
      continue;
    }
    if (result.outcome == event::Io::again_write) {
      watch_->want_write(true);
    } else {
      end({&reasons::kUpstreamClosed, {}, Repeat::safe_methods});
    }
    return false;
  }
  out_.clear();
  out_sent_ = 0;
  return true;
}

void H2UpstreamConnection::on_timer() {
  if (state_ == State::greeting) {
    return end({&reasons::kUpstreamTimeout, "handshake_timeout", Repeat::any_method});
  }
  session_.end();
  flush();
  end({&reasons::kUpstreamClosed, {}, Repeat::safe_methods});
}

void H2UpstreamConnection::end(const Failure& failure) {
  if (state_ == State::ended) return;
  state_ = State::ended;
  timer_.disarm();
  watch_.reset();
  if (transport_) transport_->close_write();
  transport_.reset();
  for (H2UpstreamStream* stream : std::vector(streams_)) stream->fail(failure);
}

}  // namespace sallyport::proxy
