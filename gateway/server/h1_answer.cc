// What an H1Connection sends: heads, bodies, and when they leave.

#include "gateway/http/serialise.h"
#include "gateway/server/h1_connection.h"

namespace sallyport::server {
namespace {

// Answers to pipelined requests leave together up to about this size.
constexpr std::size_t kPipelined = 16 * 1024;
// An output buffer above this size is given back when it is empty.
constexpr std::size_t kKeptOutput = 4 * 1024;

}  // namespace

void H1Connection::send_continue() {
  if (answer_began_ || client_is_http10_) return;
  out_.append("HTTP/1.1 100 Continue\r\n\r\n");
  worker_.loop().enqueue(*this);
}

http::Persistence H1Connection::persistence() const {
  if (!keep_alive_) return http::Persistence::close;
  return client_is_http10_ ? http::Persistence::keep_http10 : http::Persistence::keep;
}

void H1Connection::send_head(http::ResponseHead& head) {
  answer_began_ = true;
  // Whoever answers before the request is complete gives up on the rest of it.
  if (body_ == Body::reading || worker_.is_draining() || is_distrusted_) keep_alive_ = false;
  const bool length_is_unknown = head.body.framing == http::Framing::chunked ||
                                 head.body.framing == http::Framing::until_close;
  if (length_is_unknown) {
    answer_chunked_ = !client_is_http10_;
    head.body.framing = client_is_http10_ ? http::Framing::until_close : http::Framing::chunked;
    if (client_is_http10_) keep_alive_ = false;
  }
  if (head.fields.find("date") == nullptr) {
    head.fields.add(http::FieldName("Date"), worker_.http_date());
  }
  if (!http::append_response_head(head, persistence(), out_)) return abort();
  worker_.loop().enqueue(*this);
}

void H1Connection::send_body(std::string_view piece) {
  if (piece.empty()) return;
  if (answer_chunked_) http::append_chunk_size(piece.size(), out_);
  out_.append(piece);
  if (answer_chunked_) out_.append(http::kChunkEnd);
  if (unsent() > http::kHighWater) above_high_water_ = true;
  worker_.loop().enqueue(*this);
}

void H1Connection::send_end(const http::Fields& trailers) {
  if (answer_chunked_ && !http::append_last_chunk(trailers, out_)) return abort();
  answer_complete_ = true;
  worker_.loop().enqueue(*this);
}

// abort leaves the answer visibly incomplete: what is unsent is dropped with the connection. The
// session that calls it is on the stack; it ends with the connection, from the ready list.
void H1Connection::abort() {
  out_.clear();
  out_sent_ = 0;
  close();
}

void H1Connection::flush() {
  while (unsent() > 0) {
    const iovec piece{out_.data() + out_sent_, unsent()};
    const event::IoResult result = transport_->write({&piece, 1});
    if (result.outcome == event::Io::done) {
      out_sent_ += result.bytes;
      written_ += result.bytes;
      continue;
    }
    if (result.outcome == event::Io::again_write) break;
    if (result.outcome == event::Io::again_read) return;
    return client_left();
  }
  const bool pending = unsent() > 0;
  if (!pending) {
    out_sent_ = 0;
    out_.clear();
    if (out_.capacity() > kKeptOutput) out_.shrink_to_fit();
  }
  watch_.want_write(pending);
  if (pending) {
    watch_reader();
  } else {
    reader_patience_.reset();
  }
  arm_timer();
  if (!above_high_water_ || unsent() >= http::kLowWater) return;
  above_high_water_ = false;
  if (session_ && !session_ended_) session_->on_writable();
}

void H1Connection::on_writable() { run(); }

// answer_may_wait says whether an answer can leave together with the next one: the client has sent
// more requests ahead, and one send for each of many small answers would cost more than the
// answers.
bool H1Connection::answer_may_wait() const {
  return answer_complete_ && !in_.empty() && keep_alive_ && unsent() < kPipelined &&
         !worker_.is_draining() && !is_distrusted_;
}

}  // namespace sallyport::server
