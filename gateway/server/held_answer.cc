#include "gateway/server/held_answer.h"

#include <utility>

namespace sallyport::server {

void HeldAnswer::hold(std::size_t limit) {
  limit_ = limit;
  is_holding_ = true;
}

void HeldAnswer::send_head(http::ResponseHead& head) {
  if (!is_holding_) return client_.send_head(head);
  head_ = head;
  head_.reason = arena_.copy(head.reason);
  head_.fields = kept(head.fields);
}

void HeldAnswer::send_body(std::string_view piece) {
  if (!is_holding_) return client_.send_body(piece);
  body_.append(piece);
  if (!is_whole()) tell();
}

void HeldAnswer::send_end(const http::Fields& trailers) {
  if (!is_holding_) return client_.send_end(trailers);
  trailers_ = kept(trailers);
  has_ended_ = true;
  tell();
}

std::size_t HeldAnswer::unsent() const {
  return is_holding_ && !is_whole() ? http::kHighWater + 1 : client_.unsent();
}

void HeldAnswer::release() {
  is_holding_ = false;
  client_.send_head(head_);
  if (!body_.empty()) client_.send_body(std::exchange(body_, {}));
  if (has_ended_) client_.send_end(trailers_);
}

http::Fields HeldAnswer::kept(const http::Fields& fields) {
  http::Fields copy;
  copy.reserve(fields.size());
  for (const http::Field& field : fields) {
    copy.add(arena_.copy(field.name), arena_.copy(field.value));
  }
  return copy;
}

void HeldAnswer::tell() {
  if (!std::exchange(was_told_, true)) listener_.on_answer_held();
}

}  // namespace sallyport::server
