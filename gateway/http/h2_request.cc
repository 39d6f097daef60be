#include "gateway/http/h2_request.h"

#include <string>
#include <string_view>

#include "gateway/base/text.h"
#include "gateway/http/authority.h"
#include "gateway/http/control_fields.h"
#include "gateway/http/field_names.h"
#include "gateway/http/framing.h"
#include "gateway/http/h2_fields.h"
#include "gateway/http/head_lines.h"
#include "gateway/http/request_method.h"
#include "gateway/http/target.h"

namespace sallyport::http {
namespace {

struct PseudoFields {
  std::optional<std::string_view> method, scheme, authority, path;
};

std::optional<Violation> take_pseudo(const Field& field, PseudoFields& pseudo) {
  std::optional<std::string_view>* slot = nullptr;
  if (field.name == ":method") slot = &pseudo.method;
  if (field.name == ":scheme") slot = &pseudo.scheme;
  if (field.name == ":authority") slot = &pseudo.authority;
  if (field.name == ":path") slot = &pseudo.path;
  if (slot == nullptr) return Violation::pseudo_field_unknown;
  if (*slot) return Violation::pseudo_field_duplicate;
  *slot = field.value;
  return std::nullopt;
}

// split takes the pseudo-header fields out and checks the rest.
std::optional<Violation> split(Fields& fields, PseudoFields& pseudo) {
  bool is_past_pseudo = false;
  for (const Field& field : fields) {
    if (!is_pseudo_field(field)) {
      is_past_pseudo = true;
      if (const auto violation = check_h2_field(field)) return violation;
      continue;
    }
    if (is_past_pseudo) return Violation::pseudo_field_late;
    if (const auto violation = take_pseudo(field, pseudo)) return violation;
  }
  fields.remove_if(is_pseudo_field);
  return std::nullopt;
}

// RFC 9113 section 8.3.1: Host is for those who come from HTTP/1; it may not say something else.
std::optional<Violation> read_authority(const PseudoFields& pseudo, const ControlFields& control,
                                        RequestHead& request, Arena& arena) {
  const auto& given = pseudo.authority ? pseudo.authority : control.host;
  if (!given) return Violation::pseudo_field_missing;
  if (control.host && !equals_ignoring_case(*control.host, *given)) return Violation::host_mismatch;
  const auto parsed = parse_authority(*given, arena);
  if (const auto* violation = std::get_if<Violation>(&parsed)) return *violation;
  request.authority = std::get<Authority>(parsed).text;
  request.host = std::get<Authority>(parsed).host;
  return std::nullopt;
}

std::optional<Violation> read_target(std::string_view path, RequestHead& request, Arena& arena) {
  // An absolute form is for HTTP/1 alone; here the authority has a field of its own.
  if (!path.starts_with('/') && path != "*") return Violation::target_bad_form;
  const auto canonical = canonicalise(path, request.method, arena);
  if (const auto* violation = std::get_if<Violation>(&canonical)) return *violation;
  request.target = std::get<RequestTarget>(canonical).target;
  return std::nullopt;
}

std::optional<Violation> read_body(const ControlFields& control, bool ends_stream,
                                   RequestHead& request) {
  const auto framed = frame_request(control, 1);
  if (const auto* violation = std::get_if<Violation>(&framed)) return *violation;
  request.body = std::get<BodyShape>(framed);
  if (ends_stream && request.body.has_body()) return Violation::body_length_mismatch;
  // DATA frames delimit the body (RFC 9113 section 8.1.1); what is unknown is its length.
  if (!ends_stream && request.body.framing == Framing::none) {
    request.body.framing = Framing::chunked;
  }
  return std::nullopt;
}

void join_cookies(Fields& fields, Arena& arena) {
  constexpr FieldName kCookie("cookie");
  if (fields.count(kCookie.text()) < 2) return;
  std::string joined;
  for (const Field& field : fields) {
    if (field.name != kCookie.text()) continue;
    if (!joined.empty()) joined += "; ";
    joined += field.value;
  }
  fields.remove(kCookie.text());
  fields.add(kCookie, arena.copy(joined));
}

std::optional<Violation> read_request(bool ends_stream, Arena& arena, RequestHead& request) {
  PseudoFields pseudo;
  ControlFields control;
  if (const auto violation = split(request.fields, pseudo)) return violation;
  if (!pseudo.method) return Violation::pseudo_field_missing;
  // First, since CONNECT has neither scheme nor path (RFC 9113 section 8.5).
  if (const auto violation = read_method(*pseudo.method, request)) return violation;
  if (!pseudo.scheme || !pseudo.path) return Violation::pseudo_field_missing;
  if (*pseudo.scheme != "https") return Violation::bad_scheme;
  if (const auto violation = read_target(*pseudo.path, request, arena)) return violation;
  if (const auto violation = take_control_fields(request.fields, control)) return violation;
  if (const auto violation = read_authority(pseudo, control, request, arena)) return violation;
  if (const auto violation = read_body(control, ends_stream, request)) return violation;
  if (control.expect) {
    if (!equals_ignoring_case(*control.expect, "100-continue")) {
      return Violation::unknown_expectation;
    }
    request.expects_continue = request.body.has_body();
  }
  join_cookies(request.fields, arena);
  return std::nullopt;
}

}  // namespace

std::variant<RequestHead, Violation> parse_h2_request(const HeaderBlock& block, bool ends_stream,
                                                      Arena& arena) {
  if (block.violation()) return *block.violation();
  RequestHead request;
  request.version_major = 2;
  request.version_minor = 0;
  request.fields.reserve(kOrdinaryFields);
  block.append_to(request.fields, arena);
  if (const auto violation = read_request(ends_stream, arena, request)) return *violation;
  return request;
}

std::optional<Violation> parse_h2_trailers(const HeaderBlock& block, Arena& arena, Fields& trailers,
                                           std::uint8_t* slips) {
  if (block.violation()) return Violation::trailers_too_large;
  block.append_to(trailers, arena);
  for (const Field& field : trailers) {
    if (is_pseudo_field(field)) return Violation::pseudo_field_late;
    if (const auto violation = check_h2_field(field)) return violation;
  }
  const std::size_t all = trailers.size();
  trailers.remove_if([](const Field& field) { return is_forbidden_trailer(field.name); });
  if (trailers.size() == all) return std::nullopt;
  if (slips == nullptr) return Violation::trailer_forbidden;
  *slips |= kForbiddenTrailer;
  return std::nullopt;
}

}  // namespace sallyport::http
