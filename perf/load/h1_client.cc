#include "perf/load/h1_client.h"

#include <algorithm>

#include "gateway/http/h1_response.h"

namespace sallyport::perf {

H1Client::H1Client(event::Loop& loop, const Options& options, tls::ClientContext& tls, Run& run)
    : Connection(loop, options, tls), run_(run) {
  if (!options.close || options.idle) {
    open();
  } else {
    run_.ask(*this);
  }
}

void H1Client::send(MonoTime due) {
  due_ = due;
  is_asked_ = true;
  if (is_open()) {
    write(run_.next_request());
  } else {
    open();
  }
}

void H1Client::on_open() {
  if (options().idle) return;
  if (is_asked_) return write(run_.next_request());
  run_.ask(*this);
}

void H1Client::on_octets(std::string_view octets) {
  while (!octets.empty()) octets = in_body_ ? take_body(octets) : take_head(octets);
}

std::string_view H1Client::take_head(std::string_view octets) {
  const std::size_t before = head_.size();
  head_.append(octets);
  const auto progress = http::find_head_end(head_, http::StartLine::status, {}, scan_);
  if (progress.state == http::HeadProgress::State::need_more) return {};
  scan_ = {};
  const auto parsed = http::parse_response_head(std::string_view(head_).substr(0, progress.length),
                                                http::Method::get, {});
  const auto* response = std::get_if<http::ResponseHead>(&parsed);
  if (response == nullptr) {
    close();
    on_lost();
    return {};
  }
  status_ = response->status;
  body_left_ = response->body.length;
  chunked_.reset();
  if (response->body.framing == http::Framing::chunked) chunked_.emplace();
  in_body_ = response->body.has_body();
  const std::string_view rest = octets.substr(progress.length - before);
  head_.clear();
  if (!in_body_) finish();
  return rest;
}

std::string_view H1Client::take_body(std::string_view octets) {
  if (chunked_) {
    const auto step = chunked_->feed(octets);
    run_.took(step.body.size());
    if (step.state == http::ChunkedDecoder::State::done) finish();
    return octets.substr(step.consumed);
  }
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, octets.size()));
  body_left_ -= size;
  run_.took(size);
  if (body_left_ == 0) finish();
  return octets.substr(size);
}

void H1Client::finish() {
  in_body_ = false;
  is_asked_ = false;
  run_.done(due_, status_);
  if (options().close) close();
  run_.ask(*this);
}

void H1Client::on_lost() {
  run_.failed();
  is_asked_ = in_body_ = false;
  head_.clear();
  scan_ = {};
  if (run_.is_measuring() || !options().close) run_.ask(*this);
}

}  // namespace sallyport::perf
