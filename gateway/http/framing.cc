#include "gateway/http/framing.h"

#include <algorithm>
#include <optional>

#include "gateway/base/text.h"
#include "gateway/http/field_names.h"

namespace sallyport::http {
namespace {

// check_transfer_encoding accepts `chunked` alone, in any case.
std::optional<Violation> check_transfer_encoding(std::string_view value) {
  if (equals_ignoring_case(value, "chunked")) return std::nullopt;
  bool well_formed = true;
  bool after_chunked = false;
  for_each_piece(value, ',', [&](std::string_view piece) {
    const std::string_view coding = trim(piece);
    // RFC 9112 6.1: chunked at most once, and last. Parameters are known for no coding.
    well_formed = well_formed && is_token(coding) && !after_chunked;
    after_chunked = after_chunked || equals_ignoring_case(coding, "chunked");
  });
  return well_formed ? Violation::unknown_transfer_coding : Violation::bad_transfer_encoding;
}

// frame_by_fields decides by the two fields alone; without either there is no body.
std::variant<BodyShape, Violation> frame_by_fields(const ControlFields& control,
                                                   int version_minor) {
  if (control.transfer_encoding) {
    // RFC 9112 6.3, item 3: both lengths present is an attack, not a choice.
    if (control.content_length) return Violation::both_lengths;
    // RFC 9112 6.1: the framing of such a message is faulty.
    if (version_minor == 0) return Violation::transfer_encoding_in_http10;
    if (const auto violation = check_transfer_encoding(*control.transfer_encoding)) {
      return *violation;
    }
    return BodyShape{Framing::chunked, 0};
  }
  if (control.content_length) {
    const auto length = parse_content_length(*control.content_length);
    if (const auto* violation = std::get_if<Violation>(&length)) return *violation;
    return BodyShape{Framing::length, std::get<std::uint64_t>(length)};
  }
  return BodyShape{};
}

}  // namespace

std::variant<std::uint64_t, Violation> parse_content_length(std::string_view value) {
  if (value.find(',') != std::string_view::npos) return Violation::list_content_length;
  if (value.empty() || !std::ranges::all_of(value, is_digit)) return Violation::bad_content_length;
  if (value.size() > 1 && value.front() == '0') return Violation::bad_content_length;
  const auto length = parse_decimal<std::uint64_t>(value);
  if (!length || *length > kMaxContentLength) return Violation::content_length_overflow;
  return *length;
}

std::variant<BodyShape, Violation> frame_request(const ControlFields& control, int version_minor) {
  return frame_by_fields(control, version_minor);
}

std::variant<ResponseFraming, Violation> frame_response(const ControlFields& control,
                                                        int version_minor, int status,
                                                        Method request_method) {
  const auto framed = frame_by_fields(control, version_minor);
  if (const auto* violation = std::get_if<Violation>(&framed)) return *violation;
  BodyShape body = std::get<BodyShape>(framed);
  ResponseFraming result;
  if (status < 200 || status == 204) {
    // RFC 9112 6.3, item 1. An announced length of zero is a common slip that changes nothing.
    if (!body.has_body()) return result;
    if (status < 200) return Violation::body_not_allowed;
    result.withholds_content = true;
    result.slips = kContentWithout;
    return result;
  }
  if (request_method == Method::head || status == 304) {
    if (body.framing == Framing::length) result.announced_length = body.length;
    if (status == 304 && body.framing == Framing::chunked) result.slips = kCodingWith304;
    result.withholds_content = body.has_body();
    return result;
  }
  // RFC 9112 6.3, item 8: without either field the body ends with the connection.
  if (body.framing == Framing::none) body.framing = Framing::until_close;
  result.body = body;
  return result;
}

}  // namespace sallyport::http
