#include "gateway/server/h2_stream.h"

#include <algorithm>
#include <utility>

#include "gateway/http/h2_request.h"
#include "gateway/policy/reasons.h"
#include "gateway/server/patience_rules.h"
#include "gateway/server/trickle.h"

namespace sallyport::server {

namespace reasons = policy::reasons;

H2Stream::H2Stream(WorkerState& worker, H2StreamOwner& owner, std::int32_t id)
    : worker_(worker), owner_(owner), id_(id), began_(worker.loop().mono()) {}

H2Stream::~H2Stream() = default;

void H2Stream::begin(const http::HeaderBlock& head, bool ends_stream) {
  const ClientContext& client = owner_.client();
  session_ = worker_.sessions().make<Session>(worker_, client.facts, client.initial_facts(),
                                              static_cast<http::Stream&>(*this),
                                              static_cast<SessionOwner&>(*this));
  request_complete_ = body_delivered_ = ends_stream;
  auto parsed = http::parse_h2_request(head, ends_stream, session_->arena());
  if (const auto* violation = std::get_if<http::Violation>(&parsed)) {
    return session_->refuse_violation(*violation);
  }
  auto& request = std::get<http::RequestHead>(parsed);
  length_is_known_ = request.body.framing == http::Framing::length;
  body_left_ = request.body.length;
  session_->begin(std::move(request));
}

void H2Stream::run() {
  if (session_ended_) session_.reset();
  if (above_high_water_ && unsent() < http::kLowWater) {
    above_high_water_ = false;
    if (is_alive()) session_->on_writable();
  }
  deliver();
}

// ---- The request's body

void H2Stream::on_h2_data(std::string_view piece) {
  body_patience_.moved(piece.size(), body_rule(worker_.generation()), worker_.loop().mono());
  body_taken_ += piece.size();
  const bool is_too_much = length_is_known_ && piece.size() > body_left_;
  body_left_ -= std::min<std::uint64_t>(body_left_, piece.size());
  if (discard_until_) return discard(piece.size());
  if (!is_alive() || is_too_much) {
    owner_.codec().consume(id_, piece.size());
    if (is_alive()) refuse_body(http::Violation::body_length_mismatch);
    return;
  }
  // Kept within the window that the client was given.
  in_.append(piece);
  if (body_wanted_) worker_.loop().enqueue(*this);
}

void H2Stream::on_h2_end(const http::HeaderBlock* trailers) {
  request_complete_ = true;
  body_patience_.reset();
  if (!is_alive()) return;
  if (length_is_known_ && body_left_ > 0) {
    return refuse_body(http::Violation::body_length_mismatch);
  }
  if (trailers != nullptr) {
    const auto violation = http::parse_h2_trailers(*trailers, session_->arena(), request_trailers_);
    if (violation) return refuse_body(*violation);
  }
  worker_.loop().enqueue(*this);
}

void H2Stream::refuse_body(http::Violation violation) {
  owner_.codec().consume(id_, in_.size());
  in_.clear();
  body_delivered_ = true;
  session_->refuse_violation(violation);
}

// on_h2_answered: some clients report an error, and no answer, when their stream is reset while
// they still send. A small rest is waited for.
void H2Stream::on_h2_answered() {
  const Generation& generation = worker_.generation();
  discard_left_ = generation.limits.discard_body;
  if (discard_left_ == 0 || body_left_ > discard_left_) return cut_body();
  discard_until_ = worker_.loop().mono() + generation.timeouts.discard_body;
}

void H2Stream::discard(std::size_t bytes) {
  owner_.codec().consume(id_, bytes);
  if (bytes > discard_left_) return cut_body();
  discard_left_ -= bytes;
}

// cut_body: RFC 9113 section 8.1, whoever has answered and does not want the rest says so with
// RST_STREAM and NO_ERROR.
void H2Stream::cut_body() {
  worker_.bank().add(worker_.slots().cut_bodies);
  owner_.codec().reset(id_, http::H2Error::no_error);
  owner_.has_news();
}

// deliver hands on what waits, as long as it is wanted. The client gets credit for what left.
void H2Stream::deliver() {
  if (!in_.empty() && !is_alive()) {
    if (!is_over_) owner_.codec().consume(id_, in_.size());
    in_.clear();
    owner_.has_news();
  }
  if (is_alive() && body_wanted_ && !in_.empty()) take_body(std::exchange(in_, {}));
  if (is_alive() && request_complete_ && in_.empty() && !body_delivered_) end_body();
}

void H2Stream::take_body(std::string_view piece) {
  if (!is_over_) owner_.codec().consume(id_, piece.size());
  session_->on_body(piece);
  owner_.has_news();
}

void H2Stream::end_body() {
  body_delivered_ = true;
  session_->on_body_end(request_trailers_);
}

void H2Stream::want_body(bool yes) {
  if (body_wanted_ == yes) return;
  body_wanted_ = yes;
  const MonoTime now = worker_.loop().mono();
  if (yes && !request_complete_) {
    body_patience_.run(body_rule(worker_.generation()), now);
  } else {
    body_patience_.pause(now);
  }
  if (yes) worker_.loop().enqueue(*this);
}

// ---- The answer

void H2Stream::send_continue() {
  if (is_over_ || answer_began_) return;
  owner_.codec().submit_continue(id_);
  owner_.has_news();
}

void H2Stream::send_head(http::ResponseHead& head) {
  if (is_over_) return;
  answer_began_ = true;
  if (head.fields.find("date") == nullptr)
    head.fields.add(http::FieldName("Date"), worker_.http_date());
  http::H2Sink* sink = head.body.has_body() ? static_cast<http::H2Sink*>(this) : nullptr;
  if (!owner_.codec().submit_head(id_, head, sink)) return abort();
  owner_.has_news();
}

void H2Stream::send_body(std::string_view piece) {
  if (is_over_ || piece.empty()) return;
  out_.append(piece);
  reader_patience_.run(reader_rule(worker_.generation()), worker_.loop().mono());
  if (unsent() > http::kHighWater) above_high_water_ = true;
  owner_.codec().resume(id_);
  owner_.has_news();
}

void H2Stream::send_end(const http::Fields& trailers) {
  if (is_over_) return;
  for (const http::Field& field : trailers) {
    answer_trailers_.add(trailer_arena_.copy(field.name), trailer_arena_.copy(field.value));
  }
  answer_complete_ = true;
  owner_.codec().resume(id_);
  owner_.has_news();
}

// abort leaves the answer visibly incomplete.
void H2Stream::abort() {
  if (is_over_) return;
  owner_.codec().reset(id_, http::H2Error::internal_error);
  owner_.has_news();
}

std::string_view H2Stream::h2_unsent() const { return std::string_view(out_).substr(out_sent_); }

void H2Stream::on_h2_sent(std::size_t bytes) {
  out_sent_ += bytes;
  reader_patience_.moved(bytes, reader_rule(worker_.generation()), worker_.loop().mono());
  if (out_sent_ == out_.size()) {
    out_.clear();
    out_sent_ = 0;
    reader_patience_.reset();
  } else if (out_sent_ > http::kHighWater) {
    out_.erase(0, out_sent_);
    out_sent_ = 0;
  }
  if (above_high_water_ && unsent() < http::kLowWater) worker_.loop().enqueue(*this);
}

// ---- The end

void H2Stream::on_session_end() {
  session_ended_ = true;
  worker_.loop().enqueue(*this);
}

void H2Stream::on_h2_close(bool is_well) {
  is_over_ = true;
  // A session that has answered to the end may not have noticed yet; it ends with this stream.
  if (is_alive() && !(is_well && answer_complete_)) session_->client_gone();
  session_ended_ = true;
  owner_.codec().consume_lost(in_.size());
  in_.clear();
  cancel_run();
  owner_.on_stream_over(*this);
}

void H2Stream::connection_lost(const policy::Reason* why) {
  is_over_ = true;
  if (is_alive() && why != nullptr) session_->abandon(*why);
  if (is_alive()) session_->client_gone();
  session_ended_ = true;
  cancel_run();
}

bool H2Stream::trickles(MonoTime now) const {
  return is_alive() && body_wanted_ && !request_complete_ && in_.empty() &&
         is_trickle(body_taken_, began_, now);
}

void H2Stream::check_time(MonoTime now) {
  if (discard_until_ && *discard_until_ <= now) return cut_body();
  const auto is_out = [now](const Patience& patience) {
    return patience.is_running() && patience.left(now).count() == 0;
  };
  if (is_out(reader_patience_)) {
    if (is_alive()) session_->abandon(reasons::kResponseTooSlow);
    session_ended_ = true;
    return abort();
  }
  if (!is_alive() || request_complete_ || !in_.empty() || !is_out(body_patience_)) return;
  body_delivered_ = true;
  const bool is_silent = body_patience_.is_silent(body_rule(worker_.generation()), now);
  session_->refuse(is_silent ? reasons::kBodyTimeout : reasons::kBodyTooSlow, "http");
}

}  // namespace sallyport::server
