#include "gateway/proxy/upstream_connection.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "gateway/http/serialise.h"
#include "gateway/http/stream.h"
#include "gateway/policy/reasons.h"

namespace sallyport::proxy {

namespace reasons = policy::reasons;

namespace {

// How many interim heads one answer may have: enough for any server, too few to keep us busy.
constexpr int kMaxInterimHeads = 8;

std::uint64_t content_of(const http::BodyShape& body) {
  if (body.framing == http::Framing::chunked) return std::numeric_limits<std::uint64_t>::max();
  return body.framing == http::Framing::length ? body.length : 0;
}

// is_doubtful says whether a server may leave something behind that is not seen in its answer: of
// content it may have read nothing, and after HEAD it may send some.
bool is_doubtful(const http::RequestHead& head) {
  return head.body.has_body() || head.method == http::Method::head;
}

}  // namespace

UpstreamConnection::UpstreamConnection(const UpstreamContext& context, const Server& server)
    : context_(context),
      upstream_(context.upstream),
      server_(server),
      timer_(context.loop, static_cast<event::TimerHandler&>(*this)) {}

void UpstreamConnection::connect(UpstreamListener& listener) {
  listener_ = &listener;
  dial_ = std::make_unique<Dial>(context_, server_, static_cast<DialListener&>(*this));
  dial_->start();
}

void UpstreamConnection::on_dialled(std::unique_ptr<event::Transport> transport, Protocol) {
  dial_.reset();
  adopt(std::move(transport), *listener_);
}

void UpstreamConnection::adopt(std::unique_ptr<event::Transport> transport,
                               UpstreamListener& listener) {
  listener_ = &listener;
  transport_ = std::move(transport);
  watch_.emplace(context_.loop, transport_->fd(), static_cast<event::WatchHandler&>(*this));
  state_ = State::sending;
  watch_->want(true, false);
  listener_->on_connected();
}

void UpstreamConnection::on_dial_failed(const Failure& failure) {
  state_ = State::failed;
  listener_->on_upstream_failed(failure);
}

void UpstreamConnection::send_request(const http::RequestHead& head, Arena& arena) {
  arena_ = &arena;
  method_ = head.method;
  request_chunked_ = head.body.framing == http::Framing::chunked;
  request_complete_ = !head.body.has_body();
  request_left_ = content_of(head.body);
  route_ = listener_->route();
  closes_after_ = false;
  if (is_doubtful(head)) {
    is_doubtful_ = true;
    const bool is_vouched_for = upstream_.reuse_after_content &&
                                (!head.body.has_body() || http::expects_content(head.method));
    closes_after_ = !is_vouched_for;
  }
  const auto persistence = closes_after_ ? http::Persistence::close : http::Persistence::keep;
  bool written = false;
  if (upstream_.host.empty()) {
    written = http::append_request_head(head, persistence, out_);
  } else {
    http::RequestHead renamed = head;
    renamed.authority = upstream_.host;
    written = http::append_request_head(renamed, persistence, out_);
  }
  if (!written) return fail(reasons::kUnwritable);
  state_ = State::head;
  // What is here of the content leaves with the head.
  head.body.has_body() ? flush_soon() : flush();
  restart_timer();
}

void UpstreamConnection::send_body(std::string_view piece) {
  if (piece.empty()) return;
  // Whatever was judged, no octet goes out that the head did not announce.
  if (piece.size() > request_left_) return fail(reasons::kUnwritable, "content beyond its length");
  if (request_chunked_) {
    http::append_chunk_size(piece.size(), out_);
  } else {
    request_left_ -= piece.size();
  }
  out_.append(piece);
  if (request_chunked_) out_.append(http::kChunkEnd);
  if (unsent() > http::kHighWater) above_high_water_ = true;
  flush_soon();
  restart_timer();
}

void UpstreamConnection::send_end(const http::Fields& trailers) {
  if (!request_chunked_ && request_left_ > 0) {
    return fail(reasons::kUnwritable, "content short of its length");
  }
  request_complete_ = true;
  if (request_chunked_ && !http::append_last_chunk(trailers, out_)) {
    return fail(reasons::kUnwritable);
  }
  flush_soon();
  restart_timer();
}

// flush_soon writes what the client sent in one read at once, however small the pieces are that it
// came in: a chunk of one octet each would cost a system call each.
void UpstreamConnection::flush_soon() {
  unsent() >= http::kHighWater ? flush() : context_.loop.enqueue(*this);
}

void UpstreamConnection::run() {
  if (state_ == State::head || state_ == State::body) flush();
  if (wants_octets() && transport_->has_buffered()) on_readable();
}

void UpstreamConnection::flush() {
  while (state_ != State::failed && unsent() > 0) {
    const iovec piece{out_.data() + out_sent_, unsent()};
    const event::IoResult result = transport_->write({&piece, 1});
    if (result.outcome == event::Io::done) {
      out_sent_ += result.bytes;
      continue;
    }
    if (result.outcome == event::Io::again_write) break;
    // The server may have answered before it closed, as with 413: reading will tell.
    out_.clear();
    out_sent_ = 0;
    reusable_ = false;
    request_complete_ = false;
    watch_->want(true, false);
    return;
  }
  if (state_ == State::failed) return;
  const bool pending = unsent() > 0;
  if (!pending) {
    out_.clear();
    out_sent_ = 0;
  }
  watch_->want_write(pending);
  if (above_high_water_ && unsent() < http::kLowWater) {
    above_high_water_ = false;
    listener_->on_upstream_writable();
  }
}

void UpstreamConnection::want_response(bool yes) {
  if (state_ == State::failed || state_ == State::done) return;
  response_wanted_ = yes;
  if (!watch_) return;
  watch_->want_read(yes);
  if (yes && transport_->has_buffered()) context_.loop.enqueue(*this);
  restart_timer();
}

void UpstreamConnection::on_writable() {
  flush();
  if (state_ != State::failed) restart_timer();
}

void UpstreamConnection::on_readable() {
  if (state_ == State::idle) {
    // Whatever comes on an idle connection, it belongs to no request.
    if (has_said_more()) idle_owner_->on_idle_end(*this);
    return;
  }
  if (state_ == State::done) {
    // More than the answer, or the end: nothing that another exchange could use.
    if (!has_said_more()) return;
    reusable_ = false;
    return watch_->want(false, false);
  }
  if (!wants_octets()) return;
  read_some();
  // TLS may hold octets that the kernel no longer has; others get their turn before them.
  if (wants_octets() && transport_->has_buffered()) context_.loop.enqueue(*this);
}

bool UpstreamConnection::wants_octets() const {
  return state_ != State::failed && state_ != State::done && watch_->wants_read();
}

void UpstreamConnection::read_some() {
  const event::IoResult result = transport_->read(context_.scratch);
  switch (result.outcome) {
    case event::Io::done:
      return take({context_.scratch.data(), result.bytes});
    case event::Io::again_read:
    case event::Io::again_write:
      return;
    case event::Io::end:
      return end_of_stream();
    case event::Io::failed:
      return fail(reasons::kUpstreamClosed);
  }
}

void UpstreamConnection::take(std::string_view bytes) {
  answer_began_ = true;
  restart_timer();
  while (!bytes.empty()) {
    switch (state_) {
      case State::sending:
      case State::head:
        bytes = take_head(bytes);
        break;
      case State::body:
        bytes = take_body(bytes);
        break;
      case State::done:
        // More than the answer: the connection's framing is in doubt.
        reusable_ = false;
        return;
      default:
        return;
    }
  }
}

std::string_view UpstreamConnection::take_head(std::string_view bytes) {
  if (state_ == State::sending) {
    fail(reasons::kUpstreamBroken, "answer before the request");
    return {};
  }
  const std::size_t before = in_.size();
  std::string_view buffer = bytes;
  if (before > 0) {
    in_.append(bytes);
    buffer = in_;
  }
  const http::HeadLimits& limits = upstream_.head_limits;
  const auto progress = http::find_head_end(buffer, http::StartLine::status, limits, scan_);
  if (progress.state == http::HeadProgress::State::need_more) {
    if (before == 0) in_.assign(bytes);
    return {};
  }
  if (progress.state == http::HeadProgress::State::violation) {
    fail(reasons::kUpstreamBroken, http::rule_of_answer(progress.violation));
    return {};
  }
  const std::string_view text = arena_->copy(buffer.substr(0, progress.length));
  const std::string_view rest = bytes.substr(progress.length - before);
  in_.clear();
  scan_ = {};
  auto parsed = http::parse_response_head(text, method_, limits, arena_);
  if (const auto* violation = std::get_if<http::Violation>(&parsed)) {
    fail(reasons::kUpstreamBroken, http::rule_of_answer(*violation));
    return {};
  }
  auto& head = std::get<http::ResponseHead>(parsed);
  if (head.status < 200) {
    if (++interim_heads_ > kMaxInterimHeads)
      fail(reasons::kUpstreamBroken, "too many interim heads");
    return state_ == State::failed ? std::string_view{} : rest;
  }
  if (!begin_body(head)) complete({}, !rest.empty());
  return rest;
}

bool UpstreamConnection::begin_body(http::ResponseHead& head) {
  body_ = head.body;
  body_left_ = head.body.length;
  is_doubtful_ = is_doubtful_ || head.withholds_content;
  reusable_ = head.keep_alive && !closes_after_ && leaves_nothing(head);
  if (head.body.framing == http::Framing::chunked) {
    chunked_.emplace(http::ChunkedLimits{}, http::Reading::tolerant);
  }
  state_ = State::body;
  listener_->on_response_head(head);
  return body_.has_body();
}

std::string_view UpstreamConnection::take_body(std::string_view bytes) {
  if (body_.framing == http::Framing::until_close) {
    listener_->on_response_body(bytes);
    return {};
  }
  if (body_.framing == http::Framing::length) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, bytes.size()));
    body_left_ -= size;
    listener_->on_response_body(bytes.substr(0, size));
    bytes.remove_prefix(size);
    if (body_left_ == 0) complete({}, !bytes.empty());
    return bytes;
  }
  const auto step = chunked_->feed(bytes);
  bytes.remove_prefix(step.consumed);
  switch (step.state) {
    case http::ChunkedDecoder::State::need_more:
      return bytes;
    case http::ChunkedDecoder::State::body:
      listener_->on_response_body(step.body);
      return bytes;
    case http::ChunkedDecoder::State::done:
      if (chunked_->slips() != 0) listener_->on_response_slips(chunked_->slips());
      complete(chunked_->trailers(), !bytes.empty());
      return bytes;
    case http::ChunkedDecoder::State::violation:
      fail(reasons::kUpstreamBroken, http::rule_of_answer(step.violation));
      return {};
  }
  return {};
}

void UpstreamConnection::end_of_stream() {
  if (state_ == State::body && body_.framing == http::Framing::until_close) {
    return complete({}, false);
  }
  if (state_ == State::done) {
    reusable_ = false;
    watch_->want(false, false);
    return;
  }
  fail(reasons::kUpstreamClosed);
}

void UpstreamConnection::complete(const http::Fields& trailers, bool bytes_follow) {
  state_ = State::done;
  if (bytes_follow) {
    tell_surplus();
    reusable_ = false;
  }
  // What TLS has read ahead, no event tells of.
  if (reusable_ && transport_->has_buffered() && has_said_more()) reusable_ = false;
  timer_.disarm();
  // A connection that will be idle within this turn of the loop goes on being watched: taking it
  // out of epoll and putting it back would be two system calls a request.
  if (!reusable_) watch_->want(false, false);
  listener_->on_response_end(trailers);
}

void UpstreamConnection::fail(const policy::Reason& reason, std::string_view rule) {
  if (state_ == State::failed || state_ == State::done) return;
  state_ = State::failed;
  reusable_ = false;
  timer_.disarm();
  if (watch_) watch_->want(false, false);
  const bool is_unanswered = &reason == &reasons::kUpstreamClosed && !answer_began_;
  listener_->on_upstream_failed(
      {&reason, rule, is_unanswered ? Repeat::safe_methods : Repeat::never});
}

void UpstreamConnection::restart_timer() {
  switch (state_) {
    case State::head:
      // While the request is still being sent, the wait is for the server to take it.
      return timer_.arm(request_complete_ && unsent() == 0 ? upstream_.response_timeout
                                                           : upstream_.idle_timeout);
    case State::body:
      // A pause of our own is not the upstream's fault.
      return response_wanted_ ? timer_.arm(upstream_.idle_timeout) : timer_.disarm();
    default:
      return;
  }
}

void UpstreamConnection::on_timer() {
  if (state_ == State::idle) return idle_owner_->on_idle_end(*this);
  if (state_ == State::head && !request_complete_) {
    // The client is slow to send; its own body timeout watches it.
    if (unsent() == 0) return timer_.arm(upstream_.idle_timeout);
  }
  fail(reasons::kUpstreamTimeout, state_ == State::body ? "idle_timeout" : "response_timeout");
}

}  // namespace sallyport::proxy
