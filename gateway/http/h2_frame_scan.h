#pragma once

// H2FrameScan finds the heads of the frames in what a client sends over HTTP/2 (RFC 9113
// section 4.1), those too of which the library tells nothing. It counts octets and judges nothing.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sallyport::http {

struct H2FrameHead {
  static constexpr std::size_t kSize = 9;
  static constexpr std::uint8_t kData = 0;
  static constexpr std::uint8_t kHeaders = 1;

  std::uint32_t length = 0;  // of the payload
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::int32_t stream = 0;
};

class H2FrameScan {
 public:
  // `preface` is the number of octets before the first frame.
  explicit H2FrameScan(std::size_t preface) : left_(preface) {}

  // step takes octets up to the end of the next frame's head, or all of them, and returns how many.
  std::size_t step(std::string_view bytes);
  // head_is_whole says whether the last step ended with a head; head returns it.
  bool head_is_whole() const { return have_ == H2FrameHead::kSize; }
  H2FrameHead head() const;

 private:
  std::size_t left_;  // octets of the payload under way, or of the preface
  std::size_t have_ = 0;
  std::array<std::uint8_t, H2FrameHead::kSize> head_{};
};

}  // namespace sallyport::http
