#include "gateway/proxy/forward.h"

#include <utility>

#include "gateway/policy/reasons.h"

namespace sallyport::proxy {

using policy::reasons::kUpstreamBusy;

Forward::Forward(event::Loop& loop, UpstreamPool& pool, policy::Exchange& exchange,
                 policy::Permit permit, http::Stream& client, ForwardListener& listener)
    : loop_(loop),
      pool_(pool),
      exchange_(exchange),
      permit_(std::move(permit)),
      client_(client),
      listener_(listener),
      request_complete_(!exchange.request.body.has_body()) {}

Forward::~Forward() {
  if (connection_) pool_.give_back(std::move(connection_));
  if (failed_) pool_.give_back(std::move(failed_));
}

void Forward::start() {
  started_ = loop_.mono();
  dispatch(false);
}

void Forward::stop() {
  stopped_ = true;
  cancel_run();
  if (connection_) connection_->want_response(false);
}

void Forward::dispatch(bool fresh) {
  connection_ = pool_.take(fresh);
  if (!connection_) {
    failure_ = {&kUpstreamBusy, {}, false};
    return loop_.enqueue(*this);
  }
  server_ = connection_->server().text;
  reused_ = connection_->was_reused();
  if (reused_) {
    connection_->reuse(*this);
    return on_connected();
  }
  connection_->connect(*this);
}

void Forward::on_connected() {
  if (stopped_) return;
  if (times_.connected_us < 0 && !reused_) times_.connected_us = elapsed_us();
  // The client's expectation ends here: the permit is the answer to it.
  const bool expects_continue = std::exchange(exchange_.request.expects_continue, false);
  connection_->send_request(exchange_.request, exchange_.arena);
  if (!connection_ || request_complete_) return;
  if (expects_continue) client_.send_continue();
  client_.want_body(true);
}

void Forward::on_client_body(std::string_view piece) {
  body_began_ = true;
  if (!connection_ || stopped_) return;
  connection_->send_body(piece);
  if (connection_ && connection_->unsent() > http::kHighWater) client_.want_body(false);
}

void Forward::on_client_body_end(const http::Fields& trailers) {
  request_complete_ = true;
  if (connection_ && !stopped_) connection_->send_end(trailers);
}

void Forward::on_upstream_writable() {
  if (!stopped_ && !request_complete_) client_.want_body(true);
}

void Forward::on_client_writable() {
  if (connection_) connection_->want_response(true);
}

void Forward::on_response_head(http::ResponseHead& head) {
  if (stopped_) return;
  times_.first_byte_us = elapsed_us();
  listener_.on_forward_head(head);
  head_sent_ = true;
  client_.send_head(head);
}

void Forward::on_response_body(std::string_view piece) {
  if (stopped_) return;
  bytes_out_ += piece.size();
  client_.send_body(piece);
  if (client_.unsent() > http::kHighWater && connection_) connection_->want_response(false);
}

void Forward::on_response_end(const http::Fields& trailers) {
  if (stopped_) return;
  client_.send_end(trailers);
  // The connection is on the stack below us: leave it first.
  loop_.enqueue(*this);
}

void Forward::on_upstream_failed(const Failure& failure) {
  failed_ = std::move(connection_);
  if (stopped_) return;
  failure_ = failure;
  loop_.enqueue(*this);
}

bool Forward::may_retry(const Failure& failure) const {
  // Only what is safe to repeat, only once, and only when no byte of an answer or a body moved.
  if (!failure.is_retryable || retried_ || body_began_ || head_sent_) return false;
  switch (exchange_.request.method) {
    case http::Method::get:
    case http::Method::head:
    case http::Method::options:
      return true;
    default:
      return false;
  }
}

void Forward::end() {
  if (failed_) pool_.give_back(std::move(failed_));
  if (failure_.reason != nullptr) {
    if (may_retry(failure_)) {
      retried_ = true;
      failure_ = {};
      return dispatch(true);
    }
    const policy::Evidence evidence = policy::evidence(
        exchange_, "server={}{}{}", server_, failure_.rule.empty() ? "" : " rule=", failure_.rule);
    return listener_.on_forward_failed(*failure_.reason, evidence, head_sent_);
  }
  if (connection_) pool_.give_back(std::move(connection_));
  listener_.on_forward_end();
}

std::int64_t Forward::elapsed_us() const { return loop_.mono().us - started_.us; }

}  // namespace sallyport::proxy
