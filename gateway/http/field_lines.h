#pragma once

// Field lines, as they stand in heads and trailers (RFC 9112 section 5).

#include <cstddef>
#include <optional>
#include <string_view>

#include "gateway/http/message.h"
#include "gateway/http/violation.h"

namespace sallyport::http {

// parse_field_lines adds every line of `lines` to `fields`, pointing into `lines`. Each line must
// end with CRLF; the empty line after the last is not among them. Refused: folded lines, white
// space before the colon, names that are no token, control characters other than HTAB, lines
// longer than `max_field_bytes`, and a line more than `max_fields` in `fields`.
[[nodiscard]] std::optional<Violation> parse_field_lines(std::string_view lines,
                                                         std::size_t max_fields,
                                                         std::size_t max_field_bytes,
                                                         Fields& fields);

// repair_field_lines removes white space before colons and joins folded lines with blanks, in
// place, notes which it did in `slips` (Slip), and returns the size that is left, which is no
// larger. Fields that decide where a message ends or what becomes of the connection stay as they
// are, and so does every other fault: the result is for parse_field_lines.
std::size_t repair_field_lines(char* lines, std::size_t size, std::uint8_t& slips);

// is_repairable says whether a violation is one that repair_field_lines may remove.
constexpr bool is_repairable(Violation violation) {
  return violation == Violation::obs_fold || violation == Violation::space_before_colon;
}

}  // namespace sallyport::http
