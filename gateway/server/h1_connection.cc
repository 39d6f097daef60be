#include "gateway/server/h1_connection.h"

#include <algorithm>
#include <utility>

#include "gateway/http/h1_request.h"
#include "gateway/policy/reasons.h"
#include "gateway/server/patience_rules.h"
#include "gateway/server/trickle.h"
#include "gateway/server/violation_reasons.h"

namespace sallyport::server {

namespace reasons = policy::reasons;

namespace {

// Pieces of a body, between which others get their turn: a chunk is two or three.
constexpr int kPiecesPerTurn = 512;
// How long we wait for the client's close after ours.
constexpr Milliseconds kLinger{2'000};

}  // namespace

H1Connection::H1Connection(WorkerState& worker, std::unique_ptr<event::Transport> transport,
                           std::unique_ptr<ClientContext> client)
    : worker_(worker),
      transport_(std::move(transport)),
      client_(std::move(client)),
      watch_(worker.loop(), transport_->fd(), static_cast<event::WatchHandler&>(*this)),
      timer_(worker.loop(), static_cast<event::TimerHandler&>(*this)),
      head_began_(worker.loop().mono()),
      account_(worker.generation().limits.overhead),
      transport_overhead_(transport_->overhead()) {}

H1Connection::~H1Connection() = default;

void H1Connection::start() {
  update_interest();
  arm_timer();
  if (transport_->has_buffered()) worker_.loop().enqueue(*this);
}

void H1Connection::run() {
  if (state_ == State::closed) return;
  const bool waits = answer_may_wait();
  if (waits && !session_ended_) return;  // the session calls when it has
  if (!waits) flush();
  if (state_ == State::closed) return;
  if (session_ended_ && (waits || unsent() == 0)) finish_exchange();
  if (state_ != State::closed) pump();
  if (waits) worker_.loop().enqueue(*this);
}

// ---- Octets in

// read_some reads once: with 64 KiB a turn is over.
void H1Connection::read_some() {
  if (!wants_octets()) return;
  if (state_ == State::lingering) return read_and_forget();
  const event::IoResult result = transport_->read(worker_.client_scratch());
  switch (result.outcome) {
    case event::Io::done:
      take({worker_.client_scratch().data(), result.bytes});
      if (is_newly_overdrawn()) return refuse_overhead();
      break;
    case event::Io::again_read:
      return;
    case event::Io::again_write:
      return watch_.want_write(true);
    case event::Io::end:
      flush();  // answers that wait to leave together: the client may have ended its side only
      return client_left();
    case event::Io::failed:
      return client_left();
  }
  if (wants_octets() && transport_->has_buffered()) worker_.loop().enqueue(*this);
}

void H1Connection::read_and_forget() {
  const event::Io outcome = transport_->discard(worker_.client_scratch()).outcome;
  if (outcome != event::Io::done && outcome != event::Io::again_read) close();
}

void H1Connection::take(std::string_view bytes) {
  if (!in_.empty() && state_ != State::head) {
    stash(bytes);
    return;
  }
  while (!bytes.empty()) {
    switch (state_) {
      case State::idle:
      case State::head:
        bytes = take_head(bytes);
        break;
      case State::exchange:
        if (body_ != Body::reading || !body_wanted_) return stash(bytes);
        bytes = take_body(bytes);
        if (body_ == Body::reading && !bytes.empty()) {
          worker_.loop().enqueue(*this);  // the rest in another turn, or when it is wanted
          return stash(bytes);
        }
        break;
      case State::lingering:
      case State::closed:
        return;
    }
  }
}

// pump goes on with octets that had to wait.
void H1Connection::pump() {
  if (!in_.empty() && state_ != State::head) {
    const std::string waiting = std::exchange(in_, {});
    take(waiting);
    if (is_newly_overdrawn()) refuse_overhead();
  }
  if (state_ == State::closed) return;
  update_interest();
  if (wants_octets() && transport_->has_buffered()) read_some();
}

void H1Connection::stash(std::string_view bytes) {
  in_.append(bytes);
  update_interest();
}

bool H1Connection::wants_octets() const {
  if (state_ == State::closed) return false;
  if (state_ == State::lingering) return !was_overdrawn_;
  if (state_ == State::exchange && body_ == Body::reading) {
    return body_wanted_ && in_.empty();
  }
  // A part of a head is bounded by the limits of heads. What was sent ahead is answered before more
  // is read: also to a client that ended its side behind it.
  return in_.empty() || state_ == State::head;
}

void H1Connection::update_interest() {
  if (state_ == State::closed) return;
  watch_.want_read(wants_octets());
}

std::string_view H1Connection::take_head(std::string_view bytes) {
  if (state_ == State::idle) {
    // What is tolerated between two requests begins none.
    bytes = http::skip_empty_line(bytes, skipped_);
    if (bytes.empty()) return {};
    if (std::exchange(skipped_, 0) == 1) in_ = "\r";
    state_ = State::head;
    if (requests_ > 0) head_began_ = worker_.loop().mono();
    arm_timer();
  }
  const std::size_t before = in_.size();
  std::string_view buffer = bytes;
  if (before > 0) {
    in_.append(bytes);
    buffer = in_;
  }
  const http::HeadLimits& limits = worker_.generation().limits.head;
  const auto progress = http::find_head_end(buffer, http::StartLine::request, limits, scan_);
  switch (progress.state) {
    case http::HeadProgress::State::need_more:
      if (before == 0) in_.assign(bytes);
      return {};
    case http::HeadProgress::State::violation:
      refuse_head(progress.violation);
      return {};
    case http::HeadProgress::State::found:
      break;
  }
  scan_ = {};
  account_.earn(progress.length + http::OverheadAccount::kRequest);
  begin_session(buffer.substr(0, progress.length));
  in_.clear();
  return bytes.substr(progress.length - before);
}

// open_session starts an exchange of which nothing is known yet: if nothing more is learnt, its
// answer is the connection's last.
Session& H1Connection::open_session() {
  state_ = State::exchange;
  body_ = Body::complete;
  ++requests_;
  body_taken_ = 0;
  body_patience_.reset();
  session_ended_ = answer_began_ = answer_complete_ = answer_chunked_ = body_wanted_ = keep_alive_ =
      false;
  session_ = worker_.sessions().make<Session>(worker_, client_->facts, client_->initial_facts(),
                                              static_cast<http::Stream&>(*this),
                                              static_cast<SessionOwner&>(*this));
  return *session_;
}

void H1Connection::begin_session(std::string_view head) {
  open_session();
  const std::string_view text = session_->arena().copy(head);
  auto parsed = http::parse_request_head(text, worker_.generation().limits.head, session_->arena());
  if (const auto* violation = std::get_if<http::Violation>(&parsed)) {
    return session_->refuse_violation(*violation);
  }
  auto& request = std::get<http::RequestHead>(parsed);
  client_is_http10_ = request.version_minor == 0;
  keep_alive_ = request.keep_alive &&
                requests_ < worker_.generation().limits.requests_per_connection &&
                client_->is_trusted(worker_.loop().wall());
  body_ = request.body.has_body() ? Body::reading : Body::complete;
  body_left_ = request.body.length;
  if (request.body.framing == http::Framing::chunked) {
    chunked_ = std::make_unique<http::ChunkedDecoder>();
  }
  session_->begin(std::move(request));
  arm_timer();
}

void H1Connection::refuse_head(http::Violation violation) {
  in_.clear();
  open_session().refuse_violation(violation);
}

bool H1Connection::is_newly_overdrawn() {
  const std::int64_t now = transport_->overhead();
  account_.spend(now - std::exchange(transport_overhead_, now));
  if (state_ == State::lingering || state_ == State::closed || was_overdrawn_) return false;
  return was_overdrawn_ = account_.is_overdrawn();
}

void H1Connection::refuse_overhead() {
  worker_.bank().add(worker_.slots().overhead);
  keep_alive_ = false;
  body_ = Body::complete;
  in_.clear();
  if (session_ended_) return close();  // its line is written
  Session& session = state_ == State::exchange ? *session_ : open_session();
  session.refuse(reasons::kOverhead, "http");
}

// take_body takes as many pieces as are wanted and a turn has; in chunks, one read may hold
// thousands.
std::string_view H1Connection::take_body(std::string_view bytes) {
  for (int pieces = 0; pieces < kPiecesPerTurn && !bytes.empty(); ++pieces) {
    if (state_ != State::exchange || body_ != Body::reading || !body_wanted_) break;
    bytes.remove_prefix(chunked_ ? take_chunk(bytes) : take_content(bytes));
  }
  arm_timer();
  return bytes;
}

std::size_t H1Connection::take_content(std::string_view bytes) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, bytes.size()));
  note_progress(size, size);
  body_left_ -= size;
  session_->on_body(bytes.substr(0, size));
  if (body_left_ == 0) end_body({});
  return size;
}

std::size_t H1Connection::take_chunk(std::string_view bytes) {
  const auto step = chunked_->feed(bytes);
  const bool is_content = step.state == http::ChunkedDecoder::State::body;
  note_progress(step.consumed, is_content ? step.body.size() : 0);
  switch (step.state) {
    case http::ChunkedDecoder::State::need_more:
      break;
    case http::ChunkedDecoder::State::body:
      session_->on_body(step.body);
      break;
    case http::ChunkedDecoder::State::done:
      end_body(chunked_->trailers());
      break;
    case http::ChunkedDecoder::State::violation:
      keep_alive_ = false;
      body_ = Body::complete;
      session_->refuse_violation(step.violation);
      return bytes.size();
  }
  return step.consumed;
}

// note_progress counts octets of a body with its framing, and its content among them.
void H1Connection::note_progress(std::size_t octets, std::size_t content) {
  body_patience_.moved(octets, body_rule(worker_.generation()), worker_.loop().mono());
  body_taken_ += octets;
  account_.spend(static_cast<std::int64_t>(octets - content));
  account_.earn(content);
}

void H1Connection::end_body(const http::Fields& trailers) {
  body_ = Body::complete;
  session_->on_body_end(trailers);
}

void H1Connection::want_body(bool yes) {
  if (body_wanted_ == yes) return;
  body_wanted_ = yes;
  if (yes && body_ == Body::reading) {
    body_patience_.run(body_rule(worker_.generation()), worker_.loop().mono());
  } else {
    body_patience_.pause(worker_.loop().mono());
  }
  arm_timer();
  if (yes) {
    worker_.loop().enqueue(*this);
  } else {
    update_interest();
  }
}

// ---- The life of exchanges

void H1Connection::on_session_end() {
  session_ended_ = true;
  worker_.loop().enqueue(*this);
}

void H1Connection::finish_exchange() {
  session_.reset();
  session_ended_ = false;
  if (!std::exchange(has_served_, true)) worker_.count_first_request();
  chunked_.reset();
  if (!keep_alive_ || worker_.is_draining() || is_distrusted_) return linger();
  next_exchange();
}

void H1Connection::next_exchange() {
  state_ = State::idle;
  body_ = Body::none;
  body_wanted_ = answer_complete_ = false;
  if (in_.empty() && out_.empty()) {
    in_ = {};
    out_ = {};
  }
  arm_timer();
}

// linger closes our side and reads on for a moment: closing with unread octets in the kernel would
// reset the connection and could take the answer with it (RFC 9112 section 9.6). A client that
// spent its overhead has the same time for its answer, but nothing more of it is read.
void H1Connection::linger() {
  transport_->close_write();
  state_ = State::lingering;
  in_.clear();
  timer_.arm(kLinger);
  watch_.want(wants_octets(), false);
}

void H1Connection::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  watch_.want(false, false);
  timer_.disarm();
  worker_.drop(*this);
}

// client_left: the peer closed or broke the connection. Whatever an exchange waits for is
// cancelled.
void H1Connection::client_left() {
  if (state_ == State::closed) return;
  if (session_ && !session_ended_) session_->client_gone();
  if (state_ == State::idle) transport_->close_write();
  close();
}

bool H1Connection::may_make_room(MonoTime now) const {
  if (state_ == State::idle || state_ == State::lingering) return true;
  if (has_served_) return false;
  if (state_ == State::head) return true;
  return state_ == State::exchange && body_ == Body::reading && body_wanted_ &&
         is_trickle(body_taken_, head_began_, now);
}

void H1Connection::shed() {
  if (session_ && !session_ended_) session_->abandon(reasons::kBodyTooSlow);
  if (state_ == State::idle) transport_->close_write();
  close();
}

void H1Connection::end_if_idle() {
  if (state_ == State::idle) linger();
}

void H1Connection::trust_changed() {
  if (state_ == State::closed || state_ == State::lingering || is_distrusted_) return;
  const auto refusal = worker_.follow_trust(*client_);
  if (!refusal) return;
  is_distrusted_ = true;
  worker_.distrust(*this, *client_, *refusal);
  // An exchange under way may end; another does not begin.
  if (state_ != State::exchange) linger();
}

}  // namespace sallyport::server
