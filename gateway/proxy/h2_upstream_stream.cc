#include <utility>

#include "gateway/http/stream.h"
#include "gateway/policy/reasons.h"
#include "gateway/proxy/h2_upstream.h"

namespace sallyport::proxy {

namespace reasons = policy::reasons;

H2UpstreamStream::H2UpstreamStream(std::shared_ptr<H2UpstreamConnection> connection)
    : connection_(std::move(connection)),
      upstream_(connection_->context_.upstream),
      timer_(connection_->context_.loop, static_cast<event::TimerHandler&>(*this)),
      reused_(connection_->is_ready()) {
  connection_->join(*this);
}

H2UpstreamStream::~H2UpstreamStream() {
  if (unconsumed_ > 0) connection_->session_.consume(id_, unconsumed_);
  if (id_ != 0 && !is_over_) connection_->session_.forget(id_);
  connection_->leave(*this);
}

void H2UpstreamStream::connect(UpstreamListener& listener) {
  listener_ = &listener;
  if (connection_->is_ready()) return listener.on_connected();
  connection_->want_connection();
}

void H2UpstreamStream::on_ready() {
  if (listener_ != nullptr) listener_->on_connected();
}

void H2UpstreamStream::send_request(const http::RequestHead& head, Arena& arena) {
  arena_ = &arena;
  request_complete_ = !head.body.has_body();
  const std::string_view scheme = upstream_.tls ? "https" : "http";
  if (upstream_.host.empty()) {
    id_ = connection_->session_.open(head, scheme, *this);
  } else {
    http::RequestHead renamed = head;
    renamed.authority = upstream_.host;
    id_ = connection_->session_.open(renamed, scheme, *this);
  }
  if (id_ == 0) return fail({&reasons::kUnwritable, {}});
  connection_->has_news();
  restart_timer();
}

void H2UpstreamStream::send_body(std::string_view piece) {
  if (piece.empty() || is_over_) return;
  out_.append(piece);
  if (unsent() > http::kHighWater) above_high_water_ = true;
  connection_->session_.resume(id_);
  connection_->has_news();
  restart_timer();
}

void H2UpstreamStream::send_end(const http::Fields& trailers) {
  if (is_over_) return;
  request_complete_ = true;
  // They are sent later, and are the client's only now.
  for (const http::Field& field : trailers) {
    trailers_.add(arena_->copy(field.name), arena_->copy(field.value));
  }
  connection_->session_.resume(id_);
  connection_->has_news();
  restart_timer();
}

void H2UpstreamStream::on_h2_sent(std::size_t bytes) {
  out_sent_ += bytes;
  if (out_sent_ == out_.size()) {
    out_.clear();
    out_sent_ = 0;
  }
  restart_timer();
  // The session is on the stack: more is asked for from the ready list.
  if (above_high_water_ && unsent() < http::kLowWater) connection_->context_.loop.enqueue(*this);
}

void H2UpstreamStream::run() {
  if (is_over_ || !std::exchange(above_high_water_, false)) return;
  listener_->on_upstream_writable();
}

// Octets that the client has not taken are not credited, so that the server stops.
void H2UpstreamStream::want_response(bool yes) {
  response_wanted_ = yes;
  if (is_over_ || id_ == 0) return;
  if (yes && unconsumed_ > 0) {
    connection_->session_.consume(id_, std::exchange(unconsumed_, 0));
    connection_->has_news();
  }
  restart_timer();
}

void H2UpstreamStream::on_h2_head(http::ResponseHead& head) {
  has_head_ = true;
  restart_timer();
  listener_->on_response_head(head);
}

void H2UpstreamStream::on_h2_data(std::string_view piece) {
  restart_timer();
  unconsumed_ += piece.size();
  listener_->on_response_body(piece);
  if (response_wanted_) connection_->session_.consume(id_, std::exchange(unconsumed_, 0));
}

void H2UpstreamStream::on_h2_end(const http::Fields& trailers) {
  is_over_ = true;
  timer_.disarm();
  std::exchange(listener_, nullptr)->on_response_end(trailers);
}

void H2UpstreamStream::on_h2_failed(http::H2End why, std::string_view rule) {
  is_over_ = true;
  switch (why) {
    case http::H2End::refused:
      return fail({&reasons::kUpstreamClosed, rule, Repeat::any_method});
    case http::H2End::reset:
      return fail(
          {&reasons::kUpstreamClosed, rule, has_head_ ? Repeat::never : Repeat::safe_methods});
    case http::H2End::broken:
      return fail({&reasons::kUpstreamBroken, rule});
  }
}

void H2UpstreamStream::fail(const Failure& failure) {
  if (listener_ == nullptr) return;
  timer_.disarm();
  Failure told = failure;
  if (has_head_) told.repeat = Repeat::never;
  std::exchange(listener_, nullptr)->on_upstream_failed(told);
}

void H2UpstreamStream::restart_timer() {
  if (is_over_) return timer_.disarm();
  if (has_head_) {
    // A pause of our own is not the upstream's fault.
    return response_wanted_ ? timer_.arm(upstream_.idle_timeout) : timer_.disarm();
  }
  timer_.arm(request_complete_ && unsent() == 0 ? upstream_.response_timeout
                                                : upstream_.idle_timeout);
}

void H2UpstreamStream::on_timer() {
  if (!has_head_ && !request_complete_ && unsent() == 0) {
    // The client is slow to send; its own body timeout watches it.
    return timer_.arm(upstream_.idle_timeout);
  }
  fail({&reasons::kUpstreamTimeout, has_head_ ? "idle_timeout" : "response_timeout"});
}

}  // namespace sallyport::proxy
