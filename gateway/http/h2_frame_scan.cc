#include "gateway/http/h2_frame_scan.h"

#include <algorithm>
#include <cstring>

namespace sallyport::http {

std::size_t H2FrameScan::step(std::string_view bytes) {
  if (head_is_whole()) {
    left_ = head().length;
    have_ = 0;
  }
  const std::size_t skipped = std::min(left_, bytes.size());
  left_ -= skipped;
  if (left_ > 0) return skipped;
  const std::size_t taken = std::min(H2FrameHead::kSize - have_, bytes.size() - skipped);
  if (taken > 0) std::memcpy(head_.data() + have_, bytes.data() + skipped, taken);
  have_ += taken;
  return skipped + taken;
}

H2FrameHead H2FrameScan::head() const {
  const auto at = [this](std::size_t i) { return std::uint32_t{head_[i]}; };
  H2FrameHead head;
  head.length = at(0) << 16 | at(1) << 8 | at(2);
  head.type = head_[3];
  head.flags = head_[4];
  head.stream = static_cast<std::int32_t>((at(5) & 0x7f) << 24 | at(6) << 16 | at(7) << 8 | at(8));
  return head;
}

}  // namespace sallyport::http
