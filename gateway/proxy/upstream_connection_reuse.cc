// When a connection serves another request, and what may come on it in between.

#include "gateway/proxy/upstream_connection.h"

namespace sallyport::proxy {

namespace {

// An output buffer up to this size is kept for the next request.
constexpr std::size_t kKeptOutput = 4 * 1024;

}  // namespace

// leaves_nothing says whether the connection could be in step after this answer. A server that
// answers before it was sent the whole request may never read the rest, and one that announces
// content with 304 may send it.
bool UpstreamConnection::leaves_nothing(const http::ResponseHead& head) const {
  if (head.body.framing == http::Framing::until_close) return false;
  if (!request_complete_ || unsent() > 0) return false;
  return !head.withholds_content || upstream_.reuse_after_content;
}

void UpstreamConnection::reuse(UpstreamListener& listener) {
  listener_ = &listener;
  idle_owner_ = nullptr;
  state_ = State::sending;
  reusable_ = false;
  request_complete_ = false;
  answer_began_ = false;
  above_high_water_ = false;
  response_wanted_ = true;
  interim_heads_ = 0;
  scan_ = {};
  timer_.disarm();
}

void UpstreamConnection::become_idle(IdleOwner& owner) {
  idle_owner_ = &owner;
  listener_ = nullptr;
  arena_ = nullptr;
  reused_ = true;
  state_ = State::idle;
  chunked_.reset();
  out_.clear();
  if (out_.capacity() > kKeptOutput) out_ = {};
  out_sent_ = 0;
  in_ = {};
  cancel_run();
  watch_->want(true, false);
  timer_.arm(upstream_.keep_alive);
}

// has_said_more: after an answer nothing may come but the end of the connection.
bool UpstreamConnection::has_said_more() {
  const event::Io outcome = transport_->read(context_.scratch).outcome;
  if (outcome == event::Io::done) tell_surplus();
  return outcome != event::Io::again_read;
}

// The event loop tells of most of what comes on an idle connection, but a request may be quicker.
bool UpstreamConnection::is_quiet() { return !is_doubtful_ || !has_said_more(); }

void UpstreamConnection::tell_surplus() const {
  if (context_.surplus == nullptr || route_ == nullptr) return;
  context_.surplus->on_surplus(*route_, upstream_, server_);
}

}  // namespace sallyport::proxy
