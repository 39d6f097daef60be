#include "gateway/http/h1_response.h"

#include <optional>

#include "gateway/base/text.h"
#include "gateway/http/chars.h"
#include "gateway/http/control_fields.h"
#include "gateway/http/field_lines.h"
#include "gateway/http/framing.h"
#include "gateway/http/head_lines.h"

namespace sallyport::http {
namespace {

constexpr std::size_t kVersionLength = 8;  // "HTTP/1.1"
constexpr std::size_t kCodeEnd = 12;       // behind "HTTP/1.1 200"
constexpr std::size_t kReasonAt = 13;      // behind "HTTP/1.1 200 "

// RFC 9112 4: version SP three digits SP reason. Where the reason is empty, servers leave its SP
// out, too: nothing is in doubt by that.
std::optional<Violation> read_status_line(std::string_view line, ResponseHead& response) {
  const auto version = parse_version(line.substr(0, kVersionLength));
  if (!version || version->major_number != 1 || version->minor_number > 1) {
    return Violation::bad_status_line;
  }
  const bool ends_with_code = line.size() == kCodeEnd;
  if (!ends_with_code && (line.size() < kReasonAt || line[kCodeEnd] != ' ')) {
    return Violation::bad_status_line;
  }
  if (line[kVersionLength] != ' ') return Violation::bad_status_line;
  const auto status = parse_decimal<int>(line.substr(9, 3));
  if (!status || *status < 100 || *status > 599) return Violation::bad_status_code;
  response.version_minor = version->minor_number;
  response.status = *status;
  response.reason = ends_with_code ? std::string_view() : line.substr(kReasonAt);
  if (ends_with_code) response.slips |= kNoReasonSpace;
  if (!is_all(response.reason, kFieldChar)) return Violation::bad_status_line;
  // RFC 9110 15.2.2: only ever an answer to Upgrade.
  if (*status == 101) return Violation::switching_protocols_refused;
  return std::nullopt;
}

// read_fields reads the lines as they are; those of few servers are at fault, and read once more.
std::optional<Violation> read_fields(std::string_view lines, const HeadLimits& limits,
                                     Arena* repairs, ResponseHead& response) {
  const auto read = [&](std::string_view text) {
    return parse_field_lines(text, limits.max_fields, limits.max_field_bytes, response.fields);
  };
  const auto violation = read(lines);
  if (!violation || repairs == nullptr || !is_repairable(*violation)) return violation;
  auto* const text = static_cast<char*>(repairs->allocate(lines.size(), 1));
  lines.copy(text, lines.size());
  const std::size_t size = repair_field_lines(text, lines.size(), response.slips);
  response.fields.clear();
  return read({text, size});
}

std::optional<Violation> read_response(std::string_view head, Method request_method,
                                       const HeadLimits& limits, Arena* repairs,
                                       ResponseHead& response) {
  HeadLines lines;
  ControlFields control;
  if (const auto violation = split_head(head, lines)) return violation;
  if (const auto violation = read_status_line(lines.start, response)) return violation;
  response.fields.reserve(kOrdinaryFields);
  if (const auto violation = read_fields(lines.fields, limits, repairs, response)) return violation;
  if (const auto violation = take_control_fields(response.fields, control)) return violation;
  const auto framed =
      frame_response(control, response.version_minor, response.status, request_method);
  if (const auto* violation = std::get_if<Violation>(&framed)) return *violation;
  response.body = std::get<ResponseFraming>(framed).body;
  response.announced_length = std::get<ResponseFraming>(framed).announced_length;
  response.withholds_content = std::get<ResponseFraming>(framed).withholds_content;
  response.slips |= std::get<ResponseFraming>(framed).slips;
  response.keep_alive = stays_open(control, response.version_minor) &&
                        response.body.framing != Framing::until_close &&
                        (response.slips & kContentWithout) == 0;
  return std::nullopt;
}

}  // namespace

std::variant<ResponseHead, Violation> parse_response_head(std::string_view head,
                                                          Method request_method,
                                                          const HeadLimits& limits,
                                                          Arena* repairs) {
  ResponseHead response;
  if (const auto violation = read_response(head, request_method, limits, repairs, response)) {
    return *violation;
  }
  return response;
}

}  // namespace sallyport::http
