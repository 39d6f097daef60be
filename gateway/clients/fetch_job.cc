#include "gateway/clients/fetch_job.h"

#include <array>
#include <utility>

#include "gateway/http/serialise.h"
#include "gateway/tls/client_context.h"

namespace sallyport::clients {
namespace {

// write_request returns the head and body, or nothing when a field cannot be sent.
std::string write_request(const FetchRequest& request, http::Persistence persistence) {
  const std::string authority = request.url.authority();
  const std::string_view target = request.url.target;
  const std::size_t mark = target.find('?');
  http::RequestHead head;
  head.method = request.method;
  head.method_text = http::to_string(request.method);
  head.authority = authority;
  head.target.path = target.substr(0, mark);
  head.target.has_query = mark != std::string_view::npos;
  if (head.target.has_query) head.target.query = target.substr(mark + 1);
  head.fields.add(http::OwnField("User-Agent", "sallyport"));
  for (const auto& [name, value] : request.fields) head.fields.add(name, value);
  if (request.method == http::Method::post) {
    head.body = {http::Framing::length, request.body.size()};
  }
  std::string text;
  if (!http::append_request_head(head, persistence, text)) return {};
  return text + request.body;
}

}  // namespace

FetchJob::FetchJob(event::Loop& loop, std::shared_ptr<tls::ClientContext> tls, FetchRequest request,
                   FetchLimits limits, std::shared_ptr<IdleConnections> idle,
                   event::Promise<FetchResponse> promise)
    : loop_(loop),
      tls_(std::move(tls)),
      request_(std::move(request)),
      limits_(limits),
      promise_(std::move(promise)),
      timer_(loop, *this),
      to_send_(write_request(request_, idle ? http::Persistence::keep : http::Persistence::close)),
      idle_(std::move(idle)) {}

void FetchJob::start() {
  timer_.arm(limits_.timeout);
  if (to_send_.empty()) return fail("a field of the request cannot be sent");
  if (!reuse()) begin_anew();
}

void FetchJob::on_timer() {
  is_reused_ = false;
  fail("timed out");
}

bool FetchJob::reuse() {
  if (idle_ == nullptr) return false;
  transport_ = idle_->take(request_.url.authority(), loop_.mono());
  if (transport_ == nullptr) return false;
  is_reused_ = true;
  reader_.emplace(request_.method, limits_.max_body_bytes);
  phase_ = Phase::sending;
  watch_transport();
  watch_->want(false, true);
  return true;
}

void FetchJob::begin_anew() {
  is_reused_ = false;
  watch_.reset();
  transport_.reset();
  sent_ = 0;
  reader_.emplace(request_.method, limits_.max_body_bytes);
  phase_ = Phase::dialling;
  DialTarget target;
  target.host = request_.url.host;
  target.port = request_.url.port;
  target.is_secure = request_.url.is_secure;
  target.plain_elsewhere = "plain http is for loopback addresses only: use https";
  dialling_ = dial(loop_, tls_, std::move(target), limits_.timeout);
  dialling_.then([this](Result<std::unique_ptr<event::Transport>> connection) {
    dialling_ = {};
    if (!connection) return fail(connection.error().text);
    use(*std::move(connection));
  });
}

void FetchJob::use(std::unique_ptr<event::Transport> transport) {
  transport_ = std::move(transport);
  watch_transport();
  phase_ = Phase::sending;
  send();
}

void FetchJob::watch_transport() {
  watch_ = std::make_unique<event::Watch>(loop_, transport_->fd(),
                                          static_cast<event::WatchHandler&>(*this));
}

void FetchJob::advance() {
  if (phase_ == Phase::sending) return send();
  if (phase_ == Phase::reading) return read();
}

void FetchJob::send() {
  while (sent_ < to_send_.size()) {
    const iovec piece{to_send_.data() + sent_, to_send_.size() - sent_};
    const auto result = transport_->write({&piece, 1});
    if (result.outcome != event::Io::done) return await_io(result.outcome);
    sent_ += result.bytes;
  }
  phase_ = Phase::reading;
  read();
}

void FetchJob::read() {
  std::array<char, 16 * 1024> buffer;
  for (;;) {
    const auto result = transport_->read(buffer);
    if (result.outcome == event::Io::again_read || result.outcome == event::Io::again_write) {
      return await_io(result.outcome);
    }
    if (result.outcome == event::Io::failed) return fail("the connection broke");
    const auto state = result.outcome == event::Io::end
                           ? reader_->end()
                           : reader_->feed({buffer.data(), result.bytes});
    // Once something has come, the connection was open, and what went wrong is the answer.
    if (result.outcome == event::Io::done) is_reused_ = false;
    if (state == FetchReader::State::failed) return fail(reader_->error());
    if (state == FetchReader::State::done) return finish(reader_->take_response());
  }
}

void FetchJob::await_io(event::Io outcome) {
  if (outcome == event::Io::again_read) return watch_->want(true, false);
  if (outcome == event::Io::again_write) return watch_->want(false, true);
  fail("the connection broke");
}

void FetchJob::fail(std::string_view why) {
  // The server has closed a kept connection before it read this request: that is not its answer.
  if (is_reused_) return begin_anew();
  finish(Error{Fault::dependency, request_.url.authority() + ": " + std::string(why)});
}

void FetchJob::finish(Result<FetchResponse> result) {
  if (phase_ == Phase::over) return;
  phase_ = Phase::over;
  timer_.disarm();
  dialling_ = {};
  watch_.reset();
  if (result && idle_ != nullptr && reader_->may_reuse()) {
    idle_->give(request_.url.authority(), std::move(transport_), loop_.mono());
  }
  transport_.reset();
  promise_.complete(std::move(result));
}

}  // namespace sallyport::clients
