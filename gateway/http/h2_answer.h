#pragma once

// The answer of an HTTP/2 server, in the same parsed form as one of HTTP/1 and judged as strictly
// (h1_response): one per stream.

#include <cstdint>
#include <optional>
#include <string_view>

#include "gateway/base/arena.h"
#include "gateway/http/header_block.h"
#include "gateway/http/message.h"
#include "gateway/http/violation.h"

namespace sallyport::http {

class H2Answer {
 public:
  // kMaxInterimHeads is how many interim heads one answer may have.
  static constexpr int kMaxInterimHeads = 8;

  explicit H2Answer(Method request_method) : method_(request_method) {}

  // take_head reads a block that is not trailers. Afterwards has_head says whether it was the final
  // head, which is `head`, or an interim one. A body of unknown length is `chunked`.
  [[nodiscard]] std::optional<Violation> take_head(const HeaderBlock& block, bool ends_stream,
                                                   Arena& arena, ResponseHead& head);
  // take_data and take_end hold the body to what the head announced (RFC 9113 section 8.1.1).
  [[nodiscard]] std::optional<Violation> take_data(std::size_t size);
  [[nodiscard]] std::optional<Violation> take_end() const;

  bool has_head() const { return has_head_; }

 private:
  const Method method_;
  bool has_head_ = false;
  int interim_heads_ = 0;
  BodyShape body_;
  std::uint64_t received_ = 0;
};

}  // namespace sallyport::http
