#include "gateway/server/h2_connection.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "gateway/policy/reasons.h"
#include "gateway/server/patience_rules.h"

namespace sallyport::server {
namespace {

// What is produced at a time, and how often in a turn; more waits in the streams.
constexpr std::size_t kOutput = 64 * 1024;
constexpr int kOutputsPerTurn = 4;
constexpr std::size_t kKeptOutput = 4 * 1024;
// How often open streams are looked at, and how long we wait for the client's close after ours.
constexpr Milliseconds kTick{500};
constexpr Milliseconds kLinger{2'000};

}  // namespace

H2Connection::H2Connection(WorkerState& worker, std::unique_ptr<event::Transport> transport,
                           std::unique_ptr<ClientContext> client)
    : worker_(worker),
      transport_(std::move(transport)),
      client_(std::move(client)),
      watch_(worker.loop(), transport_->fd(), static_cast<event::WatchHandler&>(*this)),
      timer_(worker.loop(), static_cast<event::TimerHandler&>(*this)),
      attached_(worker.attached()),
      codec_(attached_->generation->limits.h2, static_cast<http::H2SessionOwner&>(*this)),
      idle_since_(worker.loop().mono()),
      transport_overhead_(transport_->overhead()) {
  client_->facts.http_version = "2";
}

H2Connection::~H2Connection() { lose_streams(); }

void H2Connection::start() {
  worker_.loop().enqueue(*this);
  if (worker_.is_draining()) begin_drain();
  update_interest();
  arm_timer();
}

void H2Connection::run() {
  over_.clear();
  if (state_ != State::open) return;
  flush();
  if (state_ != State::open) return;
  const bool all_is_said = streams_.empty() && out_.empty() && !codec_.wants_to_send();
  if (codec_.is_over() || (is_ending_ && all_is_said)) return linger();
  update_interest();
  arm_timer();
  if (transport_->has_buffered() && !is_clogged()) read_some();
}

// ---- Octets in

// read_some reads once: with 64 KiB a turn is over. What the transport has read ahead is taken by
// run.
void H2Connection::read_some() {
  if (state_ == State::lingering) return read_and_forget();
  if (state_ == State::closed || is_clogged()) return;
  const event::IoResult result = transport_->read(worker_.client_scratch());
  switch (result.outcome) {
    case event::Io::done:
      if (!take({worker_.client_scratch().data(), result.bytes})) give_up();
      return;
    case event::Io::again_read:
      return;
    case event::Io::again_write:
      return watch_.want_write(true);
    case event::Io::end:
    case event::Io::failed:
      return client_left();
  }
}

void H2Connection::read_and_forget() {
  const event::Io outcome = transport_->discard(worker_.client_scratch()).outcome;
  if (outcome != event::Io::done && outcome != event::Io::again_read) close();
}

bool H2Connection::take(std::string_view bytes) {
  has_news();  // whatever was read may have to be answered
  charge_transport();
  const bool had_head = codec_.has_open_head();
  const bool is_good = codec_.feed(bytes, worker_.loop().mono());
  if (codec_.has_open_head() && !had_head) head_began_ = worker_.loop().mono();
  return is_good;
}

void H2Connection::charge_transport() {
  const std::int64_t now = transport_->overhead();
  codec_.spend_overhead(now - std::exchange(transport_overhead_, now));
}

// A client that does not read what it asked for is not asked for more.
bool H2Connection::is_clogged() const { return out_.size() - out_sent_ >= kOutput; }

void H2Connection::update_interest() { watch_.want_read(!is_clogged()); }

http::H2Sink& H2Connection::on_h2_request(std::int32_t id, const http::HeaderBlock& head,
                                          bool ends_stream) {
  auto stream = std::make_unique<H2Stream>(worker_, static_cast<H2StreamOwner&>(*this), id);
  H2Stream& begun = *stream;
  streams_[id] = std::move(stream);
  begun.begin(head, ends_stream);
  ++requests_;
  const bool is_last = requests_ >= worker_.generation().limits.requests_per_connection ||
                       !client_->is_trusted(worker_.loop().wall());
  if (is_last && !is_ending_) {
    is_ending_ = true;
    codec_.end();
  }
  return begun;
}

// ---- Octets out

void H2Connection::flush() {
  for (int i = 0;; ++i) {
    if (i == kOutputsPerTurn) return has_news();  // others have their turn first
    if (!codec_.produce(out_, kOutput)) return give_up();
    if (out_.empty()) break;
    if (!write_out()) return;
  }
  if (out_.capacity() > kKeptOutput && streams_.empty()) out_ = {};
  watch_.want_write(false);
}

// write_out returns true when all has left.
bool H2Connection::write_out() {
  while (out_sent_ < out_.size()) {
    const iovec piece{out_.data() + out_sent_, out_.size() - out_sent_};
    const event::IoResult result = transport_->write({&piece, 1});
    if (result.outcome == event::Io::done) {
      out_sent_ += result.bytes;
      reader_patience_.moved(result.bytes, reader_rule(worker_.generation()),
                             worker_.loop().mono());
      continue;
    }
    if (result.outcome == event::Io::again_write) {
      reader_patience_.run(reader_rule(worker_.generation()), worker_.loop().mono());
      watch_.want_write(true);
    } else if (result.outcome != event::Io::again_read) {
      client_left();
    }
    return false;
  }
  out_.clear();
  out_sent_ = 0;
  reader_patience_.reset();
  return true;
}

// ---- Time

void H2Connection::arm_timer() {
  if (state_ != State::open) return;
  const Timeouts& timeouts = worker_.generation().timeouts;
  if (!streams_.empty() || !out_.empty() || codec_.has_open_head()) return timer_.arm(kTick);
  // Pings and settings do not make a connection any younger.
  const auto limit = codec_.has_begun() ? timeouts.keep_alive : timeouts.request_head;
  const auto passed = Milliseconds((worker_.loop().mono().us - idle_since_.us) / 1000);
  timer_.arm(std::max(limit - passed, Milliseconds(1)));
}

void H2Connection::on_timer() {
  if (state_ == State::lingering) return close();
  const Timeouts& timeouts = worker_.generation().timeouts;
  const MonoTime now = worker_.loop().mono();
  const auto since = [now](MonoTime then) { return Milliseconds((now.us - then.us) / 1000); };
  const bool head_is_late = codec_.has_open_head() && since(head_began_) >= timeouts.request_head;
  const bool is_idle = streams_.empty() && !codec_.has_open_head();
  const bool is_too_idle =
      is_idle &&
      since(idle_since_) >= (codec_.has_begun() ? timeouts.keep_alive : timeouts.request_head);
  // Who was told, or cannot be told, that this is the end has had its time.
  const bool is_told = is_ending_ || !out_.empty();
  if (is_too_slow() || (is_told && is_too_idle)) return client_left();
  if (head_is_late || is_too_idle) {
    is_ending_ = true;
    codec_.end();
    has_news();
    if (head_is_late) return give_up();
    return;
  }
  check_streams();
  arm_timer();
}

bool H2Connection::is_too_slow() {
  return reader_patience_.is_running() && reader_patience_.left(worker_.loop().mono()).count() == 0;
}

void H2Connection::check_streams() {
  const MonoTime now = worker_.loop().mono();
  std::vector<H2Stream*> all;
  for (const auto& [id, stream] : streams_) all.push_back(stream.get());
  for (H2Stream* stream : all) stream->check_time(now);
}

// ---- The end

void H2Connection::on_stream_over(H2Stream& stream) {
  const auto found = streams_.find(stream.id());
  if (found == streams_.end()) return;
  over_.push_back(std::move(found->second));
  streams_.erase(found);
  if (!std::exchange(has_served_, true)) worker_.count_first_request();
  idle_since_ = worker_.loop().mono();
  has_news();
}

void H2Connection::begin_drain() {
  if (state_ != State::open) return;
  codec_.announce_end();
  has_news();
}

void H2Connection::end_if_idle() {
  if (state_ != State::open || is_ending_) return;
  is_ending_ = true;
  codec_.end();
  has_news();
}

// Streams under way may end; others do not begin.
void H2Connection::trust_changed() {
  if (state_ != State::open || is_distrusted_) return;
  const auto refusal = worker_.follow_trust(*client_);
  if (!refusal) return;
  is_distrusted_ = true;
  worker_.distrust(*this, *client_, *refusal);
  end_if_idle();
}

// give_up says why as far as the client still listens, then closes.
void H2Connection::give_up() {
  if (state_ != State::open) return;
  log_problem();
  static_cast<void>(codec_.produce(out_, kOutput));
  lose_streams(codec_.is_overdrawn() ? &policy::reasons::kOverhead : nullptr);
  if (write_out() && state_ != State::closed) return linger();
  close();
}

void H2Connection::log_problem() {
  if (codec_.problem().empty()) return;
  const bool has_name = codec_.flood() || codec_.is_overdrawn();
  worker_.count_h2_problem(has_name ? codec_.problem() : "protocol");
  if (codec_.is_overdrawn()) worker_.bank().add(worker_.slots().overhead);
  if (std::string* line = worker_.log().line()) {
    observe::append_event_line(
        *line, worker_.loop().wall(), "warn", "http2_connection_ended",
        fmt::format("client={} listener={} problem={}", client_->facts.peer.text(),
                    client_->listener, codec_.problem()));
  }
}

// linger gives the client time for our last frames. One that spent its overhead is not read any
// more.
void H2Connection::linger() {
  if (state_ != State::open) return;
  lose_streams();
  transport_->close_write();
  state_ = State::lingering;
  timer_.arm(kLinger);
  watch_.want(!codec_.is_overdrawn(), false);
}

void H2Connection::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  lose_streams();
  watch_.want(false, false);
  timer_.disarm();
  worker_.drop(*this);
}

void H2Connection::client_left() { close(); }

bool H2Connection::may_make_room(MonoTime now) const {
  if (has_served_) return streams_.empty() && !codec_.has_open_head();
  return std::all_of(streams_.begin(), streams_.end(),
                     [now](const auto& row) { return row.second->trickles(now); });
}

void H2Connection::shed() {
  if (state_ == State::open) {
    codec_.end();
    static_cast<void>(codec_.produce(out_, kOutput));
    if (write_out()) transport_->close_write();
  }
  close();
}

void H2Connection::lose_streams(const policy::Reason* why) {
  for (auto& [id, stream] : std::exchange(streams_, {})) {
    stream->connection_lost(why);
    over_.push_back(std::move(stream));
  }
}

}  // namespace sallyport::server
