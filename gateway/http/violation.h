#pragma once

// Violation names the one rule of HTTP that a message broke. Parsers return it instead of a text,
// so that every refusal has an id, a help sentence and a class, and none can carry a peer's bytes.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sallyport::http {

// ViolationClass says which kind of answer fits; for an upstream's message it is always 502.
enum class ViolationClass : std::uint8_t {
  bad_request,            // 400
  content_too_large,      // 413
  target_too_long,        // 414
  expectation_failed,     // 417
  fields_too_large,       // 431
  not_implemented,        // 501
  version_not_supported,  // 505
};

enum class Violation : std::uint8_t {
  // Lines and limits of a head
  bare_line_feed,
  bare_carriage_return,
  empty_line_before_start,
  truncated_head,
  head_too_large,
  too_many_fields,
  field_too_large,
  // Request line
  request_line_too_long,
  bad_request_line,
  bad_method,
  connect_refused,
  trace_refused,
  version_not_supported,
  // Status line
  status_line_too_long,
  bad_status_line,
  bad_status_code,
  switching_protocols_refused,
  // Field lines
  obs_fold,
  missing_colon,
  empty_field_name,
  bad_field_name,
  space_before_colon,
  nul_in_field,
  control_in_field,
  framing_lookalike,
  // Host and authority
  missing_host,
  duplicate_host,
  bad_host,
  host_trailing_dot,
  authority_userinfo,
  bad_port,
  host_mismatch,
  // Framing
  both_lengths,
  duplicate_content_length,
  list_content_length,
  bad_content_length,
  content_length_overflow,
  duplicate_transfer_encoding,
  bad_transfer_encoding,
  unknown_transfer_coding,
  transfer_encoding_in_http10,
  body_not_allowed,
  // Connection
  bad_connection_option,
  too_many_connection_options,
  connection_names_protected_field,
  upgrade_refused,
  unknown_expectation,
  // Target
  target_bad_form,
  target_asterisk,
  target_bad_escape,
  target_encoded_slash,
  target_encoded_backslash,
  target_encoded_control,
  target_backslash,
  target_control,
  target_non_ascii,
  target_illegal_character,
  target_fragment,
  target_dot_segment,
  target_empty_segment,
  target_parameter,
  target_bad_utf8,
  target_double_encoding,
  // Chunked body
  chunk_bad_size,
  chunk_size_overflow,
  chunk_line_too_long,
  chunk_bad_extension,
  chunk_extensions_too_large,
  chunk_bad_line_end,
  chunk_missing_line_end,
  trailers_too_large,
  trailer_forbidden,
  // HTTP/2
  pseudo_field_missing,
  pseudo_field_duplicate,
  pseudo_field_unknown,
  pseudo_field_late,
  bad_scheme,
  upper_case_field_name,
  space_around_field_value,
  connection_specific_field,
  body_length_mismatch,
};
inline constexpr std::size_t kViolations =
    static_cast<std::size_t>(Violation::body_length_mismatch) + 1;

struct ViolationInfo {
  Violation violation;
  std::string_view id;  // "http." and the enumerator
  ViolationClass kind;
  std::string_view help;  // one sentence for the operator
};

// kViolationTable has one row for each enumerator, in their order.
extern const std::array<ViolationInfo, kViolations> kViolationTable;

const ViolationInfo& describe(Violation violation);

// rule_of_answer returns the id, and for a limit of an answer's head the option that sets it
// (`upstreams.X.limits`).
std::string_view rule_of_answer(Violation violation);

}  // namespace sallyport::http
