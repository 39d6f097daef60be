#include "gateway/http/h2_fields.h"

#include <string_view>

#include "gateway/base/text.h"
#include "gateway/http/chars.h"
#include "gateway/http/field_names.h"

namespace sallyport::http {
namespace {

// check_name: RFC 9113 section 8.2.1, and what a name must be in HTTP/1.
std::optional<Violation> check_name(std::string_view name) {
  if (name.empty()) return Violation::empty_field_name;
  if (is_all(name, kH2NameChar)) return std::nullopt;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') return Violation::upper_case_field_name;
    if (c == '\0') return Violation::nul_in_field;
  }
  return Violation::bad_field_name;
}

std::optional<Violation> check_value(std::string_view value) {
  if (is_field_value(value)) return std::nullopt;
  if (trim(value).size() != value.size()) return Violation::space_around_field_value;
  if (value.find('\0') != std::string_view::npos) return Violation::nul_in_field;
  if (value.find('\r') != std::string_view::npos) return Violation::bare_carriage_return;
  if (value.find('\n') != std::string_view::npos) return Violation::bare_line_feed;
  return Violation::control_in_field;
}

// RFC 9113 section 8.2.2. Trailer announces nothing that the codec of HTTP/1 would not announce
// itself; it goes with the other hop-by-hop fields.
bool is_connection_specific(const Field& field) {
  const std::string_view name = field.name;
  if (name == "te") return !equals_ignoring_case(field.value, "trailers");
  return name == "connection" || name == "proxy-connection" || name == "keep-alive" ||
         name == "transfer-encoding" || name == "upgrade" || name == "http2-settings";
}

}  // namespace

bool is_pseudo_field(const Field& field) { return field.name.starts_with(':'); }

std::optional<Violation> check_h2_field(const Field& field) {
  if (const auto violation = check_name(field.name)) return violation;
  if (const auto violation = check_value(field.value)) return violation;
  if (is_connection_specific(field)) return Violation::connection_specific_field;
  return std::nullopt;
}

}  // namespace sallyport::http
