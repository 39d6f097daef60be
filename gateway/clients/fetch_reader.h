#pragma once

// FetchReader puts an answer together from what a connection delivers. No I/O.

#include <cstddef>
#include <string>
#include <string_view>

#include "gateway/clients/fetch.h"
#include "gateway/http/chunked.h"
#include "gateway/http/h1_response.h"
#include "gateway/http/head_scan.h"

namespace sallyport::clients {

class FetchReader {
 public:
  enum class State : std::uint8_t { need_more, done, failed };

  FetchReader(http::Method method, std::size_t max_body_bytes)
      : method_(method), max_body_bytes_(max_body_bytes) {}

  // feed takes the next bytes; end tells that there are no more. What comes after a complete
  // answer is ignored: such a connection is not used again.
  State feed(std::string_view bytes);
  State end();

  // may_reuse says, once done, whether the connection is good for another request.
  bool may_reuse() const { return keep_alive_ && !has_surplus_; }

  // take_response is valid once done, error once failed.
  FetchResponse take_response() { return std::move(response_); }
  const std::string& error() const { return error_; }

 private:
  State fail(std::string text);
  State broken(http::Violation violation);
  State read_head();
  State begin_body(const http::ResponseHead& head);
  State read_body(std::string_view bytes);
  State read_chunks(std::string_view bytes);
  State keep(std::string_view piece);

  const http::Method method_;
  const std::size_t max_body_bytes_;
  State state_ = State::need_more;
  std::string head_;  // bytes until the head is complete
  http::HeadScan scan_;
  bool in_body_ = false;
  bool keep_alive_ = false;
  bool has_surplus_ = false;  // more came than the answer
  http::BodyShape shape_;
  http::ChunkedDecoder chunks_;
  FetchResponse response_;
  std::string error_;
};

}  // namespace sallyport::clients
