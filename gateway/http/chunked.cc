#include "gateway/http/chunked.h"

#include "gateway/base/text.h"
#include "gateway/http/chars.h"
#include "gateway/http/field_lines.h"
#include "gateway/http/field_names.h"
#include "gateway/http/framing.h"

namespace sallyport::http {
namespace {

constexpr int kMaxSizeDigits = 16;

}  // namespace

ChunkedDecoder::Step ChunkedDecoder::feed(std::string_view in) {
  std::size_t at = 0;
  if (at_ == At::failed) return fail(violation_, 0);
  while (at < in.size() && at_ != At::done) {
    if (at_ == At::data) return data_piece(in, at);
    const auto violation = at_ == At::trailers ? trailer_bytes(in, at) : framing_octet(in[at++]);
    if (violation) return fail(*violation, at);
  }
  return {at_ == At::done ? State::done : State::need_more, at, {}, violation_};
}

ChunkedDecoder::Step ChunkedDecoder::data_piece(std::string_view in, std::size_t from) {
  const std::size_t here = in.size() - from;
  const std::size_t take = remaining_ < here ? static_cast<std::size_t>(remaining_) : here;
  remaining_ -= take;
  if (remaining_ == 0) at_ = At::data_return;
  return {State::body, from + take, in.substr(from, take), violation_};
}

ChunkedDecoder::Step ChunkedDecoder::fail(Violation violation, std::size_t consumed) {
  at_ = At::failed;
  violation_ = violation;
  return {State::violation, consumed, {}, violation};
}

// framing_octet takes one octet of everything that is neither data nor trailer.
std::optional<Violation> ChunkedDecoder::framing_octet(char c) {
  switch (at_) {
    case At::line_feed:
      return end_of_size_line(c);
    case At::data_return:
      if (c != '\r') return Violation::chunk_missing_line_end;
      at_ = At::data_line_feed;
      return std::nullopt;
    case At::data_line_feed:
      if (c != '\n') return Violation::chunk_missing_line_end;
      at_ = At::size_first;
      return std::nullopt;
    default:
      return size_line(c);
  }
}

std::optional<Violation> ChunkedDecoder::size_line(char c) {
  const bool may_end =
      at_ == At::size || at_ == At::name || at_ == At::value || at_ == At::after_quoted;
  if (c == '\r' && may_end) {
    at_ = At::line_feed;
    return std::nullopt;
  }
  // A bare LF would end the line for a lax parser, a CR elsewhere for a laxer one.
  if (c == '\n' || c == '\r') {
    return at_ == At::size_first ? Violation::chunk_bad_size : Violation::chunk_bad_line_end;
  }
  if (++line_bytes_ > limits_.max_line_bytes) return Violation::chunk_line_too_long;
  const bool is_space = (c == ' ' || c == '\t') && takes_space();
  if (!is_space && (at_ == At::size_first || (at_ == At::size && c != ';'))) return size_digit(c);
  if (++extension_bytes_ > limits_.max_extension_bytes) {
    return Violation::chunk_extensions_too_large;
  }
  return is_space ? std::nullopt : extension(c);
}

// takes_space says whether white space may stand here that RFC 9112 7.1.1 calls bad and has a
// recipient remove: around ";" and "=" alone.
bool ChunkedDecoder::takes_space() {
  if (reading_ == Reading::strict) return false;
  switch (at_) {
    case At::size:
    case At::value:
    case At::after_quoted:
      at_ = At::gap;
      break;
    case At::name:
      at_ = At::name_gap;
      break;
    case At::extension:
    case At::value_first:
    case At::gap:
    case At::name_gap:
      break;
    default:
      return false;
  }
  slips_ |= kChunkSpace;
  return true;
}

std::optional<Violation> ChunkedDecoder::size_digit(char c) {
  const int digit = hex_value(c);
  if (digit < 0 || ++digits_ > kMaxSizeDigits) return Violation::chunk_bad_size;
  // RFC 9112 7.1: a recipient must not be fooled by a size that overflows.
  if (remaining_ > kMaxContentLength >> 4) return Violation::chunk_size_overflow;
  remaining_ = remaining_ * 16 + static_cast<std::uint64_t>(digit);
  at_ = At::size;
  return std::nullopt;
}

// extension checks `*( ";" name [ "=" ( token / quoted-string ) ] )` of RFC 9112 7.1.1. What it
// says is ignored and never forwarded.
std::optional<Violation> ChunkedDecoder::extension(char c) {
  const bool token = is_char(c, kTokenChar);
  switch (at_) {
    case At::extension:
      at_ = At::name;
      break;
    case At::name:
      if (c == ';' || c == '=') at_ = c == ';' ? At::extension : At::value_first;
      if (at_ != At::name) return std::nullopt;
      break;
    case At::name_gap:
      if (c != ';' && c != '=') return Violation::chunk_bad_extension;
      at_ = c == ';' ? At::extension : At::value_first;
      return std::nullopt;
    case At::value_first:
      at_ = c == '"' ? At::quoted : At::value;
      if (c == '"') return std::nullopt;
      break;
    case At::quoted:
      if (c == '"' || c == '\\') at_ = c == '"' ? At::after_quoted : At::quoted_pair;
      if (at_ != At::quoted || is_char(c, kExtensionChar)) return std::nullopt;
      return Violation::chunk_bad_extension;
    case At::quoted_pair:
      at_ = At::quoted;
      if (is_char(c, kExtensionChar) || c == '"' || c == '\\') return std::nullopt;
      return Violation::chunk_bad_extension;
    default:  // size, gap, value, after_quoted: only another extension may follow
      if (c == ';') {
        at_ = At::extension;
        return std::nullopt;
      }
      if (at_ != At::value) return Violation::chunk_bad_extension;
      break;
  }
  if (token) return std::nullopt;
  return Violation::chunk_bad_extension;
}

std::optional<Violation> ChunkedDecoder::end_of_size_line(char c) {
  if (c != '\n') return Violation::chunk_bad_line_end;
  line_bytes_ = 0;
  digits_ = 0;
  at_ = remaining_ == 0 ? At::trailers : At::data;
  return std::nullopt;
}

// trailer_bytes gathers up to the end of one line.
std::optional<Violation> ChunkedDecoder::trailer_bytes(std::string_view in, std::size_t& at) {
  const std::size_t line_feed = in.find('\n', at);
  const bool is_whole = line_feed != std::string_view::npos;
  const std::string_view piece = in.substr(at, is_whole ? line_feed + 1 - at : in.size() - at);
  if (piece.size() > limits_.max_trailer_bytes - trailer_text_.size()) {
    return Violation::trailers_too_large;
  }
  trailer_text_ += piece;
  at += piece.size();
  if (!is_whole) return std::nullopt;
  const std::size_t length = trailer_text_.size() - trailer_line_;
  if (length < 2 || !trailer_text_.ends_with("\r\n")) return Violation::bare_line_feed;
  trailer_line_ = trailer_text_.size();
  return length == 2 ? finish_trailers() : std::nullopt;
}

std::optional<Violation> ChunkedDecoder::parse_trailers() {
  trailers_.clear();
  return parse_field_lines(trailer_text_, limits_.max_trailers, limits_.max_trailer_bytes,
                           trailers_);
}

std::optional<Violation> ChunkedDecoder::finish_trailers() {
  trailer_text_.resize(trailer_text_.size() - 2);
  auto violation = parse_trailers();
  if (violation && reading_ == Reading::tolerant && is_repairable(*violation)) {
    trailer_text_.resize(repair_field_lines(trailer_text_.data(), trailer_text_.size(), slips_));
    violation = parse_trailers();
  }
  if (violation) return violation;
  // RFC 9110 6.5.1: such a trailer could only deceive whoever merges it into the head.
  const std::size_t all = trailers_.size();
  trailers_.remove_if([](const Field& trailer) { return is_forbidden_trailer(trailer.name); });
  if (trailers_.size() != all) {
    if (reading_ == Reading::strict) return Violation::trailer_forbidden;
    slips_ |= kForbiddenTrailer;
  }
  at_ = At::done;
  return std::nullopt;
}

}  // namespace sallyport::http
