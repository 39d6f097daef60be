// What a request carries: whether it may, and what is gathered of it before it is judged.

#include <utility>

#include "gateway/http/message.h"
#include "gateway/policy/reasons.h"
#include "gateway/server/session.h"

namespace sallyport::server {

namespace reasons = policy::reasons;

void Session::judge_content() {
  http::RequestHead& request = exchange_.request;
  // An upstream is told of content that is not there only where a method expects it.
  if (!request.body.has_body() && !http::expects_content(request.method)) request.body = {};
  const std::size_t limit = policy::Inspection::body_limit(*chain(), exchange_);
  if (limit == 0 || !request.body.has_body()) return begin_inspection();
  await_content(limit);
}

void Session::refuse_content(std::string_view what) {
  refuse(reasons::kUnexpectedContent, "route", policy::evidence(exchange_, "content={}", what));
}

void Session::await_content(std::size_t limit) {
  gather_limit_ = limit;
  step_ = Step::gather;
  if (exchange_.request.expects_continue) stream_.send_continue();
  exchange_.request.expects_continue = false;
  stream_.want_body(true);
}

void Session::on_body(std::string_view piece) {
  if (step_ == Step::end) return;
  bytes_in_ += piece.size();
  if (bytes_in_ > attached_->generation->limits.request_body) {
    return refuse(reasons::kBodyTooLarge, "http");
  }
  if (forward_) return forward_->on_client_body(piece);
  if (step_ != Step::gather) return;
  if (must_be_empty_) return refuse_content("body");
  if (gathered_.size() + piece.size() > gather_limit_) {
    return refuse(reasons::kBodyTooLarge, "http");
  }
  gathered_.append(piece);
}

void Session::on_body_end(const http::Fields& trailers) {
  if (step_ == Step::end) return;
  http::Fields received = trailers;
  received.end_received();
  withhold(received);
  if (forward_) return forward_->on_client_body_end(received);
  if (step_ != Step::gather) return;
  if (must_be_empty_) {
    if (!trailers.empty()) return refuse_content("trailers");
    exchange_.request.body = {};
    step_ = Step::judge;
    return worker_.loop().enqueue(*this);
  }
  gathered_whole_ = true;
  gathered_trailers_ = std::move(received);
  step_ = Step::judge;
  worker_.loop().enqueue(*this);
}

}  // namespace sallyport::server
