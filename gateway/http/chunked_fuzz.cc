// A chunked body has the same outcome however its octets are cut, and what was decoded, written as
// chunks and decoded again, is the same.

#include <cstdint>
#include <string>

#include "gateway/base/check.h"
#include "gateway/http/chunked.h"
#include "gateway/http/field_names.h"
#include "gateway/http/serialise.h"

namespace {

using namespace sallyport::http;
using State = ChunkedDecoder::State;

struct Outcome {
  State state = State::need_more;
  Violation violation{};
  std::string body;
  std::size_t consumed = 0;  // unless refused
  std::string trailers;      // as they are written
  std::uint8_t slips = 0;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

void finish(const ChunkedDecoder& decoder, Outcome& outcome) {
  for (const Field& field : decoder.trailers()) {
    SALLYPORT_CHECK(is_token(field.name) && is_field_value(field.value));
    SALLYPORT_CHECK(!is_forbidden_trailer(field.name));
  }
  SALLYPORT_CHECK(append_last_chunk(decoder.trailers(), outcome.trailers));
}

// decode feeds at most `step` octets at a time.
Outcome decode(std::string_view in, std::size_t step, Reading reading) {
  ChunkedDecoder decoder({.max_line_bytes = 40,
                          .max_extension_bytes = 60,
                          .max_trailer_bytes = 100,
                          .max_trailers = 3},
                         reading);
  Outcome outcome;
  while (outcome.consumed < in.size()) {
    const std::string_view piece = in.substr(outcome.consumed, step);
    const auto result = decoder.feed(piece);
    SALLYPORT_CHECK(result.consumed <= piece.size());
    outcome.body += result.body;
    outcome.consumed += result.consumed;
    // Where a piece of data ends is the sender's affair, not the outcome's.
    outcome.state = result.state == State::body ? State::need_more : result.state;
    if (result.state == State::violation) {
      outcome.violation = result.violation;
      outcome.consumed = 0;
      return outcome;
    }
    if (result.state == State::done) break;
    SALLYPORT_CHECK(result.consumed > 0);
  }
  if (outcome.state == State::done) finish(decoder, outcome);
  outcome.slips = decoder.slips();
  return outcome;
}

Outcome decode_however_it_is_cut(std::string_view in, Reading reading) {
  const Outcome whole = decode(in, in.size(), reading);
  for (const std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{5}}) {
    SALLYPORT_CHECK(decode(in, step, reading) == whole);
  }
  return whole;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view in(reinterpret_cast<const char*>(data), size);
  const Outcome strict = decode_however_it_is_cut(in, Reading::strict);
  const Outcome whole = decode_however_it_is_cut(in, Reading::tolerant);
  // A tolerant reading ends where a strict one does, and accepts more only with a slip.
  if (strict.state == State::done) SALLYPORT_CHECK(whole == strict && whole.slips == 0);
  if (whole.state == State::done && whole.slips == 0) SALLYPORT_CHECK(strict == whole);
  if (whole.state != State::done) return 0;
  std::string written;
  if (!whole.body.empty()) {
    append_chunk_size(whole.body.size(), written);
    written.append(whole.body).append(kChunkEnd);
  }
  // Written trailers may be longer than they were read, hence the ordinary limits below.
  written.append(whole.trailers);
  ChunkedDecoder decoder;
  std::string body;
  std::string_view rest = written;
  auto result = decoder.feed(rest);
  for (; result.state == State::body; result = decoder.feed(rest)) {
    body += result.body;
    rest.remove_prefix(result.consumed);
  }
  SALLYPORT_CHECK(result.state == State::done && body == whole.body);
  return 0;
}
