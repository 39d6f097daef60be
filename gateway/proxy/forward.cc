#include "gateway/proxy/forward.h"

#include <utility>

#include "gateway/policy/reasons.h"

namespace sallyport::proxy {

namespace reasons = policy::reasons;

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
  pool_.leave(*this);
  if (lease_) pool_.give_back(std::move(lease_));
  if (failed_) pool_.give_back(std::move(failed_));
}

void Forward::hold(std::string_view body, const http::Fields& trailers) {
  held_ = body;
  held_trailers_ = &trailers;
}

void Forward::start() {
  started_ = loop_.mono();
  pool_.count_request();
  dispatch({});
}

void Forward::stop() {
  stopped_ = true;
  cancel_run();
  pool_.leave(*this);
  if (lease_) lease_.stream->want_response(false);
}

void Forward::dispatch(const UpstreamPool::Wish& wish) {
  auto taken = pool_.take(*this, wish);
  if (taken.refusal != nullptr) return refuse(*taken.refusal, {});
  lease_ = std::move(taken.lease);
  if (!lease_) return;
  server_ = exchange_.arena.copy(lease_.home->server().text);
  reused_ = lease_.stream->was_reused();
  if (!reused_) return lease_.stream->connect(*this);
  lease_.stream->reuse(*this);
  on_connected();
}

void Forward::on_turn() { dispatch({.has_waited = true}); }

void Forward::on_waited() { refuse(reasons::kUpstreamBusy, "queue_timeout"); }

void Forward::refuse(const policy::Reason& reason, std::string_view rule) {
  failure_ = {&reason, rule};
  loop_.enqueue(*this);
}

void Forward::on_connected() {
  if (stopped_) return;
  if (times_.connected_us < 0 && !reused_) times_.connected_us = elapsed_us();
  // The client's expectation ends here: the permit is the answer to it.
  const bool expects_continue = std::exchange(exchange_.request.expects_continue, false);
  lease_.stream->send_request(exchange_.request, exchange_.arena);
  if (held_trailers_ != nullptr) return send_held();
  if (!lease_ || request_complete_) return;
  if (expects_continue) client_.send_continue();
  client_.want_body(true);
}

// send_held ends the lease's request; a failure on the way takes the lease.
void Forward::send_held() {
  if (lease_) lease_.stream->send_body(held_);
  if (lease_) lease_.stream->send_end(*held_trailers_);
}

void Forward::on_client_body(std::string_view piece) {
  body_began_ = true;
  if (!lease_ || stopped_) return;
  lease_.stream->send_body(piece);
  if (lease_ && lease_.stream->unsent() > http::kHighWater) client_.want_body(false);
}

void Forward::on_client_body_end(const http::Fields& trailers) {
  request_complete_ = true;
  if (lease_ && !stopped_) lease_.stream->send_end(trailers);
}

void Forward::on_upstream_writable() {
  if (!stopped_ && !request_complete_ && held_trailers_ == nullptr) client_.want_body(true);
}

void Forward::on_client_writable() {
  if (lease_) lease_.stream->want_response(true);
}

void Forward::on_response_head(http::ResponseHead& head) {
  if (stopped_) return;
  times_.first_byte_us = elapsed_us();
  is_failure(head.status) ? pool_.on_bad_status(*lease_.home) : pool_.on_good(*lease_.home);
  pool_.count_answer(head.status);
  listener_.on_forward_head(head);
  if (stopped_) return;  // the listener answers in the gateway's own name instead
  head_sent_ = true;
  client_.send_head(head);
}

void Forward::on_response_body(std::string_view piece) {
  if (stopped_) return;
  bytes_out_ += piece.size();
  client_.send_body(piece);
  if (client_.unsent() > http::kHighWater && lease_) lease_.stream->want_response(false);
}

void Forward::on_response_slips(std::uint8_t slips) {
  if (!stopped_) listener_.on_forward_slips(slips);
}

void Forward::on_response_end(const http::Fields& trailers) {
  if (stopped_) return;
  client_.send_end(trailers);
  // The connection is on the stack below us: leave it first.
  loop_.enqueue(*this);
}

void Forward::on_upstream_failed(const Failure& failure) {
  failed_ = std::move(lease_);
  if (stopped_) return;
  pool_.on_failure(*failed_.home, failure, reused_);
  failure_ = failure;
  loop_.enqueue(*this);
}

bool Forward::is_repeatable() const {
  if (failure_.repeat == Repeat::any_method) return true;
  if (failure_.repeat == Repeat::never) return false;
  switch (exchange_.request.method) {
    case http::Method::get:
    case http::Method::head:
    case http::Method::options:
      return true;
    default:
      return false;
  }
}

// Only while no octet of a body or an answer has moved, and where there is a reason to hope: a
// connection that had gone stale, or another server.
bool Forward::may_retry() {
  if (!failed_ || body_began_ || head_sent_ || !is_repeatable()) return false;
  if (retries_ >= pool_.upstream().retries) return false;
  if (!reused_ && !pool_.has_other(failed_.home->server())) return false;
  return pool_.spend_retry();
}

void Forward::end() {
  if (failure_.reason == nullptr) {
    if (lease_) pool_.give_back(std::move(lease_));
    return listener_.on_forward_end();
  }
  if (may_retry()) {
    ++retries_;
    failure_ = {};
    const Server* avoid = reused_ ? nullptr : &failed_.home->server();
    pool_.give_back(std::move(failed_));
    return dispatch({.fresh = true, .avoid = avoid});
  }
  if (failed_) pool_.give_back(std::move(failed_));
  if (!head_sent_) pool_.count_answer(0);
  const policy::Evidence evidence =
      policy::evidence(exchange_, "server={}{}{}", server_.empty() ? "none" : server_,
                       failure_.rule.empty() ? "" : " rule=", failure_.rule);
  listener_.on_forward_failed(*failure_.reason, evidence, head_sent_);
}

std::int64_t Forward::elapsed_us() const { return loop_.mono().us - started_.us; }

}  // namespace sallyport::proxy
