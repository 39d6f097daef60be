#pragma once

// ChunkedDecoder reads a chunked body as it comes (RFC 9112 section 7.1) and hands out its data
// without copying. Only trailers are kept, within limits.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/http/message.h"
#include "gateway/http/violation.h"

namespace sallyport::http {

struct ChunkedLimits {
  std::size_t max_line_bytes = 256;            // one size line with its extensions, no CRLF
  std::size_t max_extension_bytes = 4 * 1024;  // all extensions of one message
  std::size_t max_trailer_bytes = 8 * 1024;    // the whole trailer section
  std::size_t max_trailers = 32;
};

class ChunkedDecoder {
 public:
  enum class State : std::uint8_t { need_more, body, done, violation };

  // Step is what one feed came to. `body` carries the next piece of data, a view into what was fed.
  // `done`: the message is complete, what was not consumed belongs to the next one. `violation` is
  // final: close the connection.
  struct Step {
    State state = State::need_more;
    std::size_t consumed = 0;
    std::string_view body;
    Violation violation = Violation::chunk_bad_size;
  };

  explicit ChunkedDecoder(const ChunkedLimits& limits = {}, Reading reading = Reading::strict)
      : limits_(limits), reading_(reading) {}
  ChunkedDecoder(const ChunkedDecoder&) = delete;
  ChunkedDecoder& operator=(const ChunkedDecoder&) = delete;

  // feed consumes `in` up to the end of one piece of data, of the message, or of `in`. The caller
  // feeds what was not consumed again.
  Step feed(std::string_view in);

  // trailers are valid once done, and as long as the decoder. Fields of framing, routing,
  // authentication and trust cannot be among them: they are refused, or dropped in a tolerant
  // reading.
  const Fields& trailers() const { return trailers_; }
  // slips are what a tolerant reading met (Slip).
  std::uint8_t slips() const { return slips_; }

 private:
  enum class At : std::uint8_t {
    size_first,   // before the first digit
    size,         // after a digit
    extension,    // after ';'
    gap,          // in white space before ';'
    name,         // in an extension's name
    name_gap,     // in white space after it
    value_first,  // after '='
    value,        // in a token value
    quoted,       // in a quoted value
    quoted_pair,  // after '\' in a quoted value
    after_quoted,
    line_feed,  // after the size line's CR
    data,
    data_return,  // after the data, before CR
    data_line_feed,
    trailers,
    done,
    failed,
  };

  std::optional<Violation> size_line(char c);
  std::optional<Violation> size_digit(char c);
  bool takes_space();
  std::optional<Violation> extension(char c);
  std::optional<Violation> end_of_size_line(char c);
  std::optional<Violation> framing_octet(char c);
  Step data_piece(std::string_view in, std::size_t from);
  std::optional<Violation> trailer_bytes(std::string_view in, std::size_t& at);
  std::optional<Violation> parse_trailers();
  std::optional<Violation> finish_trailers();
  Step fail(Violation violation, std::size_t consumed);

  ChunkedLimits limits_;
  Reading reading_;
  std::uint8_t slips_ = 0;
  At at_ = At::size_first;
  Violation violation_ = Violation::chunk_bad_size;  // failed: why
  std::uint64_t remaining_ = 0;                      // of this chunk's data
  std::size_t line_bytes_ = 0;
  int digits_ = 0;
  std::size_t extension_bytes_ = 0;
  std::string trailer_text_;
  std::size_t trailer_line_ = 0;  // where the unfinished line begins
  Fields trailers_;
};

}  // namespace sallyport::http
