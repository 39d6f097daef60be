#include "gateway/clients/fetch_reader.h"

#include <utility>
#include <variant>

#include "gateway/base/text.h"

namespace sallyport::clients {
namespace {

constexpr http::HeadLimits kLimits{.max_head_bytes = 16 * 1024};
// Interim answers say nothing that we wait for; a server may send a few.
constexpr int kFirstFinalStatus = 200;

}  // namespace

FetchReader::State FetchReader::feed(std::string_view bytes) {
  if (state_ != State::need_more) return state_;
  if (in_body_) return state_ = read_body(bytes);
  head_.append(bytes);
  return state_ = read_head();
}

FetchReader::State FetchReader::end() {
  if (state_ != State::need_more) return state_;
  if (in_body_ && shape_.framing == http::Framing::until_close) return state_ = State::done;
  return state_ = fail("the connection ended before the answer did");
}

FetchReader::State FetchReader::fail(std::string text) {
  error_ = std::move(text);
  return State::failed;
}

FetchReader::State FetchReader::broken(http::Violation violation) {
  return fail("the answer breaks HTTP: " + std::string(http::describe(violation).id));
}

FetchReader::State FetchReader::read_head() {
  for (;;) {
    const auto progress = http::find_head_end(head_, http::StartLine::status, kLimits, scan_);
    using Progress = http::HeadProgress::State;
    if (progress.state == Progress::need_more) return State::need_more;
    if (progress.state == Progress::violation) return broken(progress.violation);
    const auto parsed = http::parse_response_head(
        std::string_view(head_).substr(0, progress.length), method_, kLimits);
    if (const auto* violation = std::get_if<http::Violation>(&parsed)) return broken(*violation);
    const auto& head = std::get<http::ResponseHead>(parsed);
    const bool is_final = head.status >= kFirstFinalStatus;
    const State state = is_final ? begin_body(head) : State::need_more;
    const std::string rest = head_.substr(progress.length);
    head_ = is_final ? std::string() : rest;
    scan_ = {};
    has_surplus_ = state == State::done && !rest.empty();
    if (state != State::need_more) return state;
    if (is_final) return rest.empty() ? State::need_more : read_body(rest);
  }
}

FetchReader::State FetchReader::begin_body(const http::ResponseHead& head) {
  in_body_ = true;
  shape_ = head.body;
  keep_alive_ = head.keep_alive;
  response_.status = head.status;
  if (const http::Field* type = head.fields.find("content-type")) {
    response_.content_type = type->value;
  }
  for (const http::Field& field : head.fields) {
    if (!equals_ignoring_case(field.name, "cache-control")) continue;
    if (!response_.cache_control.empty()) response_.cache_control += ',';
    response_.cache_control += field.value;
  }
  return shape_.has_body() ? State::need_more : State::done;
}

FetchReader::State FetchReader::read_body(std::string_view bytes) {
  if (shape_.framing == http::Framing::chunked) return read_chunks(bytes);
  if (shape_.framing == http::Framing::until_close) return keep(bytes);
  const auto missing = static_cast<std::size_t>(shape_.length) - response_.body.size();
  has_surplus_ = bytes.size() > missing;
  const State state = keep(bytes.substr(0, missing));
  if (state == State::failed) return state;
  return response_.body.size() == shape_.length ? State::done : State::need_more;
}

FetchReader::State FetchReader::read_chunks(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto step = chunks_.feed(bytes);
    using Step = http::ChunkedDecoder::State;
    if (step.state == Step::violation) return broken(step.violation);
    if (keep(step.body) == State::failed) return State::failed;
    bytes.remove_prefix(step.consumed);
    has_surplus_ = step.state == Step::done && !bytes.empty();
    if (step.state == Step::done) return State::done;
  }
  return State::need_more;
}

FetchReader::State FetchReader::keep(std::string_view piece) {
  if (piece.size() > max_body_bytes_ - response_.body.size()) {
    return fail("the answer is larger than " + std::to_string(max_body_bytes_) + " bytes");
  }
  response_.body.append(piece);
  return State::need_more;
}

}  // namespace sallyport::clients
