#include "gateway/http/h1_request.h"

#include <optional>

#include "gateway/base/text.h"
#include "gateway/http/authority.h"
#include "gateway/http/control_fields.h"
#include "gateway/http/field_lines.h"
#include "gateway/http/field_names.h"
#include "gateway/http/framing.h"
#include "gateway/http/head_lines.h"
#include "gateway/http/request_method.h"
#include "gateway/http/target.h"

namespace sallyport::http {
namespace {

struct RequestLine {
  std::string_view method, target, version;
};

// RFC 9112 3: exactly one SP between the three, nothing around them.
std::optional<Violation> split_request_line(std::string_view text, RequestLine& line) {
  const std::size_t first = text.find(' ');
  if (first == std::string_view::npos) return Violation::bad_request_line;
  line.method = text.substr(0, first);
  if (!is_token(line.method)) return Violation::bad_method;
  const std::size_t second = text.find(' ', first + 1);
  if (second == first + 1) return Violation::bad_request_line;
  // RFC 1945 4.1: a simple request of HTTP/0.9 has no version.
  if (second == std::string_view::npos) return Violation::version_not_supported;
  line.target = text.substr(first + 1, second - first - 1);
  line.version = text.substr(second + 1);
  return std::nullopt;
}

std::optional<Violation> read_version(std::string_view text, RequestHead& request) {
  const auto version = parse_version(text);
  if (!version) return Violation::bad_request_line;
  if (version->major_number != 1 || version->minor_number > 1) {
    return Violation::version_not_supported;
  }
  request.version_minor = version->minor_number;
  return std::nullopt;
}

// RFC 9112 3.2: exactly one Host; equal to the authority of an absolute target, as a server behind
// us may judge by either.
std::optional<Violation> read_host(const ControlFields& control, std::string_view in_target,
                                   RequestHead& request, Arena& arena) {
  if (!control.host) return Violation::missing_host;
  const auto parsed = parse_authority(*control.host, arena);
  if (const auto* violation = std::get_if<Violation>(&parsed)) return *violation;
  const auto& authority = std::get<Authority>(parsed);
  request.authority = authority.text;
  request.host = authority.host;
  if (!in_target.empty() && !equals_ignoring_case(in_target, authority.text)) {
    return Violation::host_mismatch;
  }
  return std::nullopt;
}

// read_control takes framing and connection from the fields.
std::optional<Violation> read_control(std::string_view in_target, RequestHead& request,
                                      Arena& arena) {
  ControlFields control;
  if (const auto violation = take_control_fields(request.fields, control)) return violation;
  if (const auto violation = read_host(control, in_target, request, arena)) return violation;
  const auto framed = frame_request(control, request.version_minor);
  if (const auto* violation = std::get_if<Violation>(&framed)) return *violation;
  request.body = std::get<BodyShape>(framed);
  // RFC 9110 section 7.8: an offer may be ignored. With content it is refused: whoever accepts the
  // offer reads what follows the content in another protocol.
  if (control.upgrade && request.body.has_body()) return Violation::upgrade_refused;
  if (control.expect) {
    if (!equals_ignoring_case(*control.expect, "100-continue")) {
      return Violation::unknown_expectation;
    }
    request.expects_continue = request.version_minor == 1 && request.body.has_body();
  }
  request.keep_alive = stays_open(control, request.version_minor);
  return std::nullopt;
}

std::optional<Violation> read_request(std::string_view head, const HeadLimits& limits, Arena& arena,
                                      RequestHead& request) {
  HeadLines lines;
  RequestLine line;
  if (const auto violation = split_head(head, lines)) return violation;
  if (const auto violation = split_request_line(lines.start, line)) return violation;
  if (const auto violation = read_method(line.method, request)) return violation;
  if (const auto violation = read_version(line.version, request)) return violation;
  const auto canonical = canonicalise(line.target, request.method, arena);
  if (const auto* violation = std::get_if<Violation>(&canonical)) return *violation;
  const auto& target = std::get<RequestTarget>(canonical);
  request.target = target.target;
  request.fields.reserve(kOrdinaryFields);
  if (const auto violation = parse_field_lines(lines.fields, limits.max_fields,
                                               limits.max_field_bytes, request.fields)) {
    return violation;
  }
  return read_control(target.authority, request, arena);
}

}  // namespace

std::variant<RequestHead, Violation> parse_request_head(std::string_view head,
                                                        const HeadLimits& limits, Arena& arena) {
  RequestHead request;
  if (const auto violation = read_request(head, limits, arena, request)) return *violation;
  return request;
}

}  // namespace sallyport::http
