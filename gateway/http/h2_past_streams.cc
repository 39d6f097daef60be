#include "gateway/http/h2_past_streams.h"

#include <algorithm>

namespace sallyport::http {

// Clients open odd identifiers, and ordinary ones each after the one before.
void H2PastStreams::open(std::int32_t stream) {
  const std::int32_t expected = highest_ == 0 ? 1 : highest_ + 2;
  if (stream > expected) {
    if (gaps_.size() == kMostGaps) gaps_.erase(gaps_.begin());
    gaps_.emplace_back(expected, stream - 2);
  }
  highest_ = stream;
}

void H2PastStreams::end_by_us(std::int32_t stream) {
  if (ended_.size() < kMostEnded) {
    ended_.push_back(stream);
    return;
  }
  forgotten_ = std::max(forgotten_, ended_[next_]);
  ended_[next_] = stream;
  next_ = (next_ + 1) % kMostEnded;
}

bool H2PastStreams::was_ended_by_us(std::int32_t stream) const {
  return std::ranges::find(ended_, stream) != ended_.end();
}

H2Past H2PastStreams::of(std::int32_t stream) const {
  const auto holds = [stream](const auto& gap) {
    return gap.first <= stream && stream <= gap.second;
  };
  if (std::any_of(gaps_.begin(), gaps_.end(), holds)) return H2Past::never_opened;
  return stream <= forgotten_ || was_ended_by_us(stream) ? H2Past::ended_by_us
                                                         : H2Past::ended_by_client;
}

}  // namespace sallyport::http
