#include "gateway/http/field_lines.h"

#include <algorithm>

#include "gateway/http/chars.h"
#include "gateway/http/field_names.h"

namespace sallyport::http {
namespace {

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

// line_end_violation judges a CR or LF found where a line should go on.
Violation line_end_violation(const char* at, const char* end, Violation if_proper) {
  if (*at == '\n') return Violation::bare_line_feed;
  if (at + 1 == end) return Violation::truncated_head;
  return at[1] == '\n' ? if_proper : Violation::bare_carriage_return;
}

// name_violation says why the name that began at `name` stopped at `at` without a colon.
Violation name_violation(const char* name, const char* at, const char* end) {
  if (at == end) return Violation::truncated_head;
  // RFC 9112 5.2: line folding; 2.2: white space between start line and first field.
  if (is_blank(*at) && at == name) return Violation::obs_fold;
  if (*at == '\r' || *at == '\n') return line_end_violation(at, end, Violation::missing_colon);
  if (*at == '\0') return Violation::nul_in_field;
  if (!is_blank(*at)) return Violation::bad_field_name;
  while (at != end && is_blank(*at)) ++at;
  return at != end && *at == ':' ? Violation::space_before_colon : Violation::bad_field_name;
}

// value_violation says why a value stopped at `at` without a proper line end.
Violation value_violation(const char* at, const char* end) {
  if (at == end) return Violation::truncated_head;
  if (*at == '\r' || *at == '\n') {
    return line_end_violation(at, end, Violation::bare_carriage_return);
  }
  return *at == '\0' ? Violation::nul_in_field : Violation::control_in_field;
}

// end_of_field returns where the field ends that begins at `at`, behind its last folded line.
const char* end_of_field(const char* at, const char* end) {
  do {
    at = std::find(at, end, '\n');
    if (at != end) ++at;
  } while (at != end && is_blank(*at));
  return at;
}

// unfold replaces the line ends within a field by blanks. A bare LF stays, to be refused.
void unfold(char* at, char* end, std::uint8_t& slips) {
  for (; end - at > 2; ++at) {
    if (at[0] != '\r' || at[1] != '\n') continue;
    at[0] = at[1] = ' ';
    slips |= kFoldedLine;
  }
}

std::string_view view(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

// repair_field moves the field [at, end) to `to`, and returns where it ends there.
char* repair_field(char* at, char* end, char* to, std::uint8_t& slips) {
  char* const name_end = at + (skip_all(at, end, kTokenChar) - at);
  char* colon = name_end;
  while (colon != end && is_blank(*colon)) ++colon;
  const bool has_name = name_end != at && colon != end && *colon == ':';
  if (!has_name || is_framing(view(at, name_end))) return std::move(at, end, to);
  if (colon != name_end) slips |= kSpaceBeforeColon;
  unfold(colon, end, slips);
  to = std::move(at, name_end, to);
  return std::move(colon, end, to);
}

}  // namespace

std::size_t repair_field_lines(char* lines, std::size_t size, std::uint8_t& slips) {
  char* const end = lines + size;
  char* to = lines;
  for (char* at = lines; at != end;) {
    char* const next = at + (end_of_field(at, end) - at);
    to = repair_field(at, next, to, slips);
    at = next;
  }
  return static_cast<std::size_t>(to - lines);
}

std::optional<Violation> parse_field_lines(std::string_view lines, std::size_t max_fields,
                                           std::size_t max_field_bytes, Fields& fields) {
  const char* at = lines.data();
  const char* const end = at + lines.size();
  while (at != end) {
    const char* const name = at;
    at = skip_all(at, end, kTokenChar);
    if (at == end || *at != ':') return name_violation(name, at, end);
    const char* const colon = at++;
    if (colon == name) return Violation::empty_field_name;
    while (at != end && is_blank(*at)) ++at;
    const char* const value = at;
    at = skip_all(at, end, kFieldChar);
    if (end - at < 2 || at[0] != '\r' || at[1] != '\n') return value_violation(at, end);
    if (static_cast<std::size_t>(at - name) > max_field_bytes) return Violation::field_too_large;
    if (fields.size() >= max_fields) return Violation::too_many_fields;
    const char* value_end = at;
    while (value_end != value && is_blank(value_end[-1])) --value_end;
    fields.add_parsed(view(name, colon), view(value, value_end));
    at += 2;
  }
  return std::nullopt;
}

}  // namespace sallyport::http
