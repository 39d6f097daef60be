#include "gateway/http/violation.h"

namespace sallyport::http {
namespace {

using enum ViolationClass;
using V = Violation;

constexpr std::array<ViolationInfo, kViolations> kRows{{
    {V::bare_line_feed, "http.bare_line_feed", bad_request,
     "A line ended with LF alone; every line must end with CRLF."},
    {V::bare_carriage_return, "http.bare_carriage_return", bad_request,
     "A CR stood without LF; parsers disagree about where such a line ends."},
    {V::empty_line_before_start, "http.empty_line_before_start", bad_request,
     "More than one empty line came before the message; at most one is tolerated."},
    {V::truncated_head, "http.truncated_head", bad_request,
     "The head ended in the middle of a line."},
    {V::head_too_large, "http.head_too_large", fields_too_large,
     "The head is longer than max_head_bytes."},
    {V::too_many_fields, "http.too_many_fields", fields_too_large,
     "The message has more fields than max_fields."},
    {V::field_too_large, "http.field_too_large", fields_too_large,
     "One field line is longer than max_field_bytes."},
    {V::request_line_too_long, "http.request_line_too_long", target_too_long,
     "The request line is longer than max_start_line; usually a query has grown too long."},
    {V::bad_request_line, "http.bad_request_line", bad_request,
     "The request line is not `method SP target SP HTTP/1.1`."},
    {V::bad_method, "http.bad_method", bad_request,
     "The method is no token, is too long, or has lower-case letters (methods are "
     "case-sensitive)."},
    {V::connect_refused, "http.connect_refused", not_implemented,
     "CONNECT asks for a tunnel; this is a gateway for an API and opens none."},
    {V::trace_refused, "http.trace_refused", not_implemented,
     "TRACE would echo the request's credentials and is never allowed."},
    {V::version_not_supported, "http.version_not_supported", version_not_supported,
     "The request line names no version or one other than HTTP/1.0 and HTTP/1.1."},
    {V::status_line_too_long, "http.status_line_too_long", bad_request,
     "The upstream's status line is longer than max_start_line."},
    {V::bad_status_line, "http.bad_status_line", bad_request,
     "The upstream's status line is not `HTTP/1.1 SP code SP reason`; perhaps it does not speak "
     "HTTP/1."},
    {V::bad_status_code, "http.bad_status_code", bad_request,
     "The upstream's status code is not between 100 and 599."},
    {V::switching_protocols_refused, "http.switching_protocols_refused", bad_request,
     "The upstream switched protocols (101) although it was never asked to."},
    {V::obs_fold, "http.obs_fold", bad_request,
     "A field line began with white space; folded lines are obsolete and ambiguous."},
    {V::missing_colon, "http.missing_colon", bad_request, "A field line has no colon."},
    {V::empty_field_name, "http.empty_field_name", bad_request,
     "A field line has nothing before its colon."},
    {V::bad_field_name, "http.bad_field_name", bad_request,
     "A field name has an octet that no token may have."},
    {V::space_before_colon, "http.space_before_colon", bad_request,
     "White space stood between a field name and its colon."},
    {V::nul_in_field, "http.nul_in_field", bad_request, "A field line contains a NUL octet."},
    {V::control_in_field, "http.control_in_field", bad_request,
     "A field value contains a control character."},
    {V::framing_lookalike, "http.framing_lookalike", bad_request,
     "A field is spelled like a framing or hop-by-hop field, such as Content-Length, with '_' or "
     "another sign for '-'."},
    {V::missing_host, "http.missing_host", bad_request,
     "The request has no Host field; it is needed in HTTP/1.0 too, to find the route."},
    {V::duplicate_host, "http.duplicate_host", bad_request, "The request has two Host fields."},
    {V::bad_host, "http.bad_host", bad_request,
     "The host is empty or no host name, IPv4 or bracketed IPv6 address."},
    {V::host_trailing_dot, "http.host_trailing_dot", bad_request,
     "The host name ends with a dot, a second spelling of the same host."},
    {V::authority_userinfo, "http.authority_userinfo", bad_request,
     "The host has a user part ('@'), which http and https do not allow."},
    {V::bad_port, "http.bad_port", bad_request,
     "The port after the host is no plain number between 1 and 65535."},
    {V::host_mismatch, "http.host_mismatch", bad_request,
     "The absolute target names another host than the Host field."},
    {V::both_lengths, "http.both_lengths", bad_request,
     "The message has both Content-Length and Transfer-Encoding: a smuggling attempt, or a broken "
     "intermediary."},
    {V::duplicate_content_length, "http.duplicate_content_length", bad_request,
     "The message has two Content-Length fields; even equal ones are refused."},
    {V::list_content_length, "http.list_content_length", bad_request,
     "Content-Length is a list of values."},
    {V::bad_content_length, "http.bad_content_length", bad_request,
     "Content-Length is not a plain decimal number without sign, space or leading zero."},
    {V::content_length_overflow, "http.content_length_overflow", content_too_large,
     "Content-Length is larger than 2^63-1."},
    {V::duplicate_transfer_encoding, "http.duplicate_transfer_encoding", bad_request,
     "The message has two Transfer-Encoding fields."},
    {V::bad_transfer_encoding, "http.bad_transfer_encoding", bad_request,
     "Transfer-Encoding is malformed, or chunked is repeated or not the last coding."},
    {V::unknown_transfer_coding, "http.unknown_transfer_coding", not_implemented,
     "Transfer-Encoding names a coding other than chunked."},
    {V::transfer_encoding_in_http10, "http.transfer_encoding_in_http10", bad_request,
     "An HTTP/1.0 message has Transfer-Encoding, which that version does not know."},
    {V::body_not_allowed, "http.body_not_allowed", bad_request,
     "The upstream announced a body with a 1xx or 204 answer, which cannot have one."},
    {V::bad_connection_option, "http.bad_connection_option", bad_request,
     "The Connection field has an element that is no token."},
    {V::too_many_connection_options, "http.too_many_connection_options", bad_request,
     "The Connection field has more than 16 elements."},
    {V::connection_names_protected_field, "http.connection_names_protected_field", bad_request,
     "The Connection field asks to remove a field that is meant for the upstream: an attempt to "
     "strip a trust or security field."},
    {V::upgrade_refused, "http.upgrade_refused", not_implemented,
     "The request has content and offers to upgrade to another protocol (Upgrade or "
     "HTTP2-Settings); "
     "without content such an offer is dropped."},
    {V::unknown_expectation, "http.unknown_expectation", expectation_failed,
     "The Expect field asks for something other than 100-continue."},
    {V::target_bad_form, "http.target_bad_form", bad_request,
     "The target is neither a path nor an absolute http or https address."},
    {V::target_asterisk, "http.target_asterisk", bad_request,
     "The target '*' is for OPTIONS only."},
    {V::target_bad_escape, "http.target_bad_escape", bad_request,
     "The target has a '%' that two hexadecimal digits do not follow."},
    {V::target_encoded_slash, "http.target_encoded_slash", bad_request,
     "The path has an encoded slash (%2F), which upstreams split or keep as they like."},
    {V::target_encoded_backslash, "http.target_encoded_backslash", bad_request,
     "The path has an encoded backslash (%5C), which some upstreams take for a slash."},
    {V::target_encoded_control, "http.target_encoded_control", bad_request,
     "The path has an encoded control character."},
    {V::target_backslash, "http.target_backslash", bad_request,
     "The target has a backslash, which some upstreams take for a slash."},
    {V::target_control, "http.target_control", bad_request,
     "The target has a space or a control character."},
    {V::target_non_ascii, "http.target_non_ascii", bad_request,
     "The target has an octet beyond ASCII; it must be percent-encoded."},
    {V::target_illegal_character, "http.target_illegal_character", bad_request,
     "The target has a character that must be percent-encoded there."},
    {V::target_fragment, "http.target_fragment", bad_request,
     "The target has a fragment ('#'), which never belongs into a request."},
    {V::target_dot_segment, "http.target_dot_segment", bad_request,
     "The path has a '.' or '..' segment, plain or encoded."},
    {V::target_empty_segment, "http.target_empty_segment", bad_request,
     "The path has an empty segment ('//'), which some upstreams merge."},
    {V::target_parameter, "http.target_parameter", bad_request,
     "The path has a ';', plain or encoded, which some upstreams cut off as a parameter."},
    {V::target_bad_utf8, "http.target_bad_utf8", bad_request,
     "The path has encoded octets that are not UTF-8 in its shortest form."},
    {V::target_double_encoding, "http.target_double_encoding", bad_request,
     "The path would decode a second time (%25 before two hexadecimal digits)."},
    {V::chunk_bad_size, "http.chunk_bad_size", bad_request,
     "A chunk's size is not one to sixteen hexadecimal digits."},
    {V::chunk_size_overflow, "http.chunk_size_overflow", content_too_large,
     "A chunk's size is larger than 2^63-1."},
    {V::chunk_line_too_long, "http.chunk_line_too_long", bad_request,
     "A chunk's size line with its extensions is longer than max_line_bytes."},
    {V::chunk_bad_extension, "http.chunk_bad_extension", bad_request,
     "A chunk extension is not `;name` or `;name=value`."},
    {V::chunk_extensions_too_large, "http.chunk_extensions_too_large", bad_request,
     "The chunk extensions of one message are together longer than max_extension_bytes."},
    {V::chunk_bad_line_end, "http.chunk_bad_line_end", bad_request,
     "A chunk's size line does not end with CRLF."},
    {V::chunk_missing_line_end, "http.chunk_missing_line_end", bad_request,
     "A chunk's data is not followed by CRLF: the size was wrong."},
    {V::trailers_too_large, "http.trailers_too_large", fields_too_large,
     "The trailers of a chunked body are longer than max_trailer_bytes."},
    {V::trailer_forbidden, "http.trailer_forbidden", bad_request,
     "A trailer names a field of framing, routing, authentication or trust."},
    {V::pseudo_field_missing, "http.pseudo_field_missing", bad_request,
     "An HTTP/2 request lacks :method, :scheme or :path, or names no authority."},
    {V::pseudo_field_duplicate, "http.pseudo_field_duplicate", bad_request,
     "An HTTP/2 request has a pseudo-header field twice."},
    {V::pseudo_field_unknown, "http.pseudo_field_unknown", bad_request,
     "An HTTP/2 message has a pseudo-header field that it may not have."},
    {V::pseudo_field_late, "http.pseudo_field_late", bad_request,
     "A pseudo-header field came after an ordinary field, or in the trailers."},
    {V::bad_scheme, "http.bad_scheme", bad_request,
     "The :scheme of an HTTP/2 request is not https, which is all that is served here."},
    {V::upper_case_field_name, "http.upper_case_field_name", bad_request,
     "A field name of HTTP/2 has an upper-case letter."},
    {V::space_around_field_value, "http.space_around_field_value", bad_request,
     "A field value of HTTP/2 begins or ends with white space."},
    {V::connection_specific_field, "http.connection_specific_field", bad_request,
     "An HTTP/2 message has a field of HTTP/1 connections, such as Transfer-Encoding."},
    {V::body_length_mismatch, "http.body_length_mismatch", bad_request,
     "The body of an HTTP/2 request is longer or shorter than its Content-Length."},
}};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kViolations; ++i) {
    if (static_cast<std::size_t>(kRows[i].violation) != i || kRows[i].help.empty()) return false;
  }
  return true;
}
static_assert(is_in_order(), "one row for each Violation, in the order of the enumerators");

}  // namespace

const std::array<ViolationInfo, kViolations> kViolationTable = kRows;

const ViolationInfo& describe(Violation violation) {
  return kRows[static_cast<std::size_t>(violation)];
}

std::string_view rule_of_answer(Violation violation) {
  switch (violation) {
    case V::head_too_large:
      return "http.head_too_large limit=response_head";
    case V::status_line_too_long:
      return "http.status_line_too_long limit=status_line";
    case V::field_too_large:
      return "http.field_too_large limit=response_field";
    case V::too_many_fields:
      return "http.too_many_fields limit=response_fields";
    default:
      return describe(violation).id;
  }
}

}  // namespace sallyport::http
