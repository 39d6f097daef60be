#include "gateway/http/h2_answer.h"

#include "gateway/base/text.h"
#include "gateway/http/control_fields.h"
#include "gateway/http/framing.h"
#include "gateway/http/h2_fields.h"
#include "gateway/http/head_lines.h"

namespace sallyport::http {
namespace {

// take_status takes `:status` out of the fields; RFC 9113 section 8.3.2 knows no other.
std::optional<Violation> take_status(Fields& fields, int& status) {
  bool is_past_pseudo = false;
  std::optional<std::string_view> text;
  for (const Field& field : fields) {
    if (!is_pseudo_field(field)) {
      is_past_pseudo = true;
      if (const auto violation = check_h2_field(field)) return violation;
      continue;
    }
    if (is_past_pseudo) return Violation::pseudo_field_late;
    if (field.name != ":status") return Violation::pseudo_field_unknown;
    if (text) return Violation::pseudo_field_duplicate;
    text = field.value;
  }
  if (!text) return Violation::pseudo_field_missing;
  const auto number = text->size() == 3 ? parse_decimal<int>(*text) : std::nullopt;
  if (!number || *number < 100 || *number > 599) return Violation::bad_status_code;
  // RFC 9113 section 8.6.
  if (*number == 101) return Violation::switching_protocols_refused;
  status = *number;
  fields.remove_if(is_pseudo_field);
  return std::nullopt;
}

// frame says where the body ends: DATA frames delimit it, so that only its length may be unknown.
std::optional<Violation> frame(const ControlFields& control, Method method, bool ends_stream,
                               ResponseHead& head) {
  const auto framed = frame_response(control, 1, head.status, method);
  if (const auto* violation = std::get_if<Violation>(&framed)) return *violation;
  head.body = std::get<ResponseFraming>(framed).body;
  head.announced_length = std::get<ResponseFraming>(framed).announced_length;
  head.slips = std::get<ResponseFraming>(framed).slips;
  if (head.body.framing == Framing::until_close) {
    head.body = ends_stream ? BodyShape{Framing::length, 0} : BodyShape{Framing::chunked, 0};
  }
  if (ends_stream && head.body.has_body()) return Violation::body_length_mismatch;
  return std::nullopt;
}

}  // namespace

std::optional<Violation> H2Answer::take_head(const HeaderBlock& block, bool ends_stream,
                                             Arena& arena, ResponseHead& head) {
  if (block.violation()) return *block.violation();
  ControlFields control;
  head.fields.reserve(kOrdinaryFields);
  block.append_to(head.fields, arena);
  if (const auto violation = take_status(head.fields, head.status)) return violation;
  if (const auto violation = take_control_fields(head.fields, control)) return violation;
  if (head.status < 200) {
    const bool is_one_too_many = ++interim_heads_ > kMaxInterimHeads;
    if (ends_stream || is_one_too_many) return Violation::bad_status_code;
    return std::nullopt;
  }
  if (const auto violation = frame(control, method_, ends_stream, head)) return violation;
  body_ = head.body;
  has_head_ = true;
  return std::nullopt;
}

std::optional<Violation> H2Answer::take_data(std::size_t size) {
  if (!has_head_) return Violation::pseudo_field_missing;
  received_ += size;
  if (size > 0 && body_.framing == Framing::none) return Violation::body_not_allowed;
  if (body_.framing == Framing::length && received_ > body_.length) {
    return Violation::body_length_mismatch;
  }
  return std::nullopt;
}

std::optional<Violation> H2Answer::take_end() const {
  if (!has_head_) return Violation::pseudo_field_missing;
  if (body_.framing == Framing::length && received_ != body_.length) {
    return Violation::body_length_mismatch;
  }
  return std::nullopt;
}

}  // namespace sallyport::http
