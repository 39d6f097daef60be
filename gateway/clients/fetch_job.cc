#include "gateway/clients/fetch_job.h"

#include <array>
#include <utility>

#include "gateway/http/serialise.h"
#include "gateway/tls/client_context.h"

namespace sallyport::clients {
namespace {

// write_request returns the head and body, or nothing when a field cannot be sent.
std::string write_request(const FetchRequest& request) {
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
  head.fields.add("User-Agent", "sallyport");
  for (const auto& [name, value] : request.fields) head.fields.add(name, value);
  if (request.method == http::Method::post) {
    head.body = {http::Framing::length, request.body.size()};
  }
  std::string text;
  if (!http::append_request_head(head, http::Persistence::close, text)) return {};
  return text + request.body;
}

}  // namespace

FetchJob::FetchJob(event::Loop& loop, std::shared_ptr<tls::ClientContext> tls, FetchRequest request,
                   FetchLimits limits, event::Promise<FetchResponse> promise)
    : loop_(loop),
      tls_(std::move(tls)),
      request_(std::move(request)),
      limits_(limits),
      promise_(std::move(promise)),
      timer_(loop, *this),
      to_send_(write_request(request_)),
      reader_(request_.method, limits.max_body_bytes) {}

void FetchJob::start() {
  timer_.arm(limits_.timeout);
  if (to_send_.empty()) return fail("a field of the request cannot be sent");
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
  watch_ = std::make_unique<event::Watch>(loop_, transport_->fd(),
                                          static_cast<event::WatchHandler&>(*this));
  phase_ = Phase::sending;
  send();
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
                           ? reader_.end()
                           : reader_.feed({buffer.data(), result.bytes});
    if (state == FetchReader::State::failed) return fail(reader_.error());
    if (state == FetchReader::State::done) return finish(reader_.take_response());
  }
}

void FetchJob::await_io(event::Io outcome) {
  if (outcome == event::Io::again_read) return watch_->want(true, false);
  if (outcome == event::Io::again_write) return watch_->want(false, true);
  fail("the connection broke");
}

void FetchJob::fail(std::string_view why) {
  finish(Error{Fault::dependency, request_.url.authority() + ": " + std::string(why)});
}

void FetchJob::finish(Result<FetchResponse> result) {
  if (phase_ == Phase::over) return;
  phase_ = Phase::over;
  timer_.disarm();
  dialling_ = {};
  watch_.reset();
  transport_.reset();
  promise_.complete(std::move(result));
}

}  // namespace sallyport::clients
