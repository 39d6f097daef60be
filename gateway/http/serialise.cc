#include "gateway/http/serialise.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "gateway/base/check.h"
#include "gateway/http/chars.h"
#include "gateway/http/field_names.h"

namespace sallyport::http {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

struct Phrase {
  int status;
  std::string_view text;
};

// Sorted by status.
constexpr std::array kPhrases{
    Phrase{100, "Continue"},
    Phrase{102, "Processing"},
    Phrase{103, "Early Hints"},
    Phrase{200, "OK"},
    Phrase{201, "Created"},
    Phrase{202, "Accepted"},
    Phrase{203, "Non-Authoritative Information"},
    Phrase{204, "No Content"},
    Phrase{205, "Reset Content"},
    Phrase{206, "Partial Content"},
    Phrase{300, "Multiple Choices"},
    Phrase{301, "Moved Permanently"},
    Phrase{302, "Found"},
    Phrase{303, "See Other"},
    Phrase{304, "Not Modified"},
    Phrase{307, "Temporary Redirect"},
    Phrase{308, "Permanent Redirect"},
    Phrase{400, "Bad Request"},
    Phrase{401, "Unauthorized"},
    Phrase{403, "Forbidden"},
    Phrase{404, "Not Found"},
    Phrase{405, "Method Not Allowed"},
    Phrase{406, "Not Acceptable"},
    Phrase{408, "Request Timeout"},
    Phrase{409, "Conflict"},
    Phrase{410, "Gone"},
    Phrase{411, "Length Required"},
    Phrase{412, "Precondition Failed"},
    Phrase{413, "Content Too Large"},
    Phrase{414, "URI Too Long"},
    Phrase{415, "Unsupported Media Type"},
    Phrase{416, "Range Not Satisfiable"},
    Phrase{417, "Expectation Failed"},
    Phrase{421, "Misdirected Request"},
    Phrase{422, "Unprocessable Content"},
    Phrase{428, "Precondition Required"},
    Phrase{429, "Too Many Requests"},
    Phrase{431, "Request Header Fields Too Large"},
    Phrase{500, "Internal Server Error"},
    Phrase{501, "Not Implemented"},
    Phrase{502, "Bad Gateway"},
    Phrase{503, "Service Unavailable"},
    Phrase{504, "Gateway Timeout"},
    Phrase{505, "HTTP Version Not Supported"},
};
static_assert(std::ranges::is_sorted(kPhrases, {}, &Phrase::status));

bool is_target_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return is_char(c, kQueryChar) || c == '%'; });
}

bool is_path_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return is_char(c, kPathChar) || c == '%'; });
}

// An authority was parsed before; here it only must not end its line.
bool is_authority_text(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

void append_number(std::uint64_t number, int base, std::string& out) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
  out.append(digits.data(), end);
}

void append_field(std::string_view name, std::string_view value, std::string& out) {
  out.append(name).append(": ").append(value).append(kLineEnd);
}

bool append_fields(const Fields& fields, bool (*is_ours)(std::string_view), std::string& out) {
  for (const Field& field : fields) {
    if (!is_token(field.name) || !is_field_value(field.value) || is_ours(field.name)) return false;
    append_field(field.name, field.value, out);
  }
  return true;
}

void append_framing(const BodyShape& body, std::string& out) {
  if (body.framing == Framing::chunked) append_field("Transfer-Encoding", "chunked", out);
  if (body.framing == Framing::length) {
    out.append("Content-Length: ");
    append_number(body.length, 10, out);
    out.append(kLineEnd);
  }
}

void append_persistence(Persistence persistence, std::string& out) {
  if (persistence == Persistence::close) append_field("Connection", "close", out);
  if (persistence == Persistence::keep_http10) append_field("Connection", "keep-alive", out);
}

bool append_target(const Target& target, std::string& out) {
  const bool path_good = target.path == "*" || target.path.starts_with('/');
  if (!path_good || !is_path_text(target.path) || !is_target_text(target.query)) return false;
  out.append(target.path);
  if (target.has_query) out.append("?").append(target.query);
  return target.has_query || target.query.empty();
}

bool write_request_head(const RequestHead& head, Persistence persistence, std::string& out) {
  // RFC 9112 6.3: a request's body cannot end with the connection.
  if (!is_token(head.method_text) || head.body.framing == Framing::until_close) return false;
  out.append(head.method_text).append(" ");
  if (!append_target(head.target, out)) return false;
  out.append(" HTTP/1.1\r\n");
  if (!is_authority_text(head.authority)) return false;
  append_field("Host", head.authority, out);
  if (!append_fields(head.fields, is_framing, out)) return false;
  append_framing(head.body, out);
  if (head.expects_continue) append_field("Expect", "100-continue", out);
  append_persistence(persistence, out);
  out.append(kLineEnd);
  return true;
}

bool write_response_head(const ResponseHead& head, Persistence persistence, std::string& out) {
  const bool must_close = head.body.framing == Framing::until_close;
  if (head.status < 100 || head.status > 599 || !is_all(head.reason, kFieldChar)) return false;
  if (must_close && persistence != Persistence::close) return false;
  out.append("HTTP/1.1 ");
  append_number(static_cast<std::uint64_t>(head.status), 10, out);
  out.append(" ").append(head.reason.empty() ? reason_phrase(head.status) : head.reason);
  out.append(kLineEnd);
  if (!append_fields(head.fields, is_framing, out)) return false;
  append_framing(head.body, out);
  if (head.body.framing == Framing::none && head.announced_length) {
    append_framing({Framing::length, *head.announced_length}, out);
  }
  append_persistence(persistence, out);
  out.append(kLineEnd);
  return true;
}

// keep_or_restore takes back what was written before the mistake was found.
bool keep_or_restore(bool good, std::size_t size_before, std::string& out) {
  if (!good) out.resize(size_before);
  return good;
}

}  // namespace

bool append_request_head(const RequestHead& head, Persistence persistence, std::string& out) {
  const std::size_t before = out.size();
  return keep_or_restore(write_request_head(head, persistence, out), before, out);
}

bool append_response_head(const ResponseHead& head, Persistence persistence, std::string& out) {
  const std::size_t before = out.size();
  return keep_or_restore(write_response_head(head, persistence, out), before, out);
}

void append_chunk_size(std::uint64_t size, std::string& out) {
  SALLYPORT_CHECK(size > 0);
  append_number(size, 16, out);
  out.append(kLineEnd);
}

bool append_last_chunk(const Fields& trailers, std::string& out) {
  const std::size_t before = out.size();
  out.append("0\r\n");
  const bool good = append_fields(trailers, is_forbidden_trailer, out);
  out.append(kLineEnd);
  return keep_or_restore(good, before, out);
}

std::string_view reason_phrase(int status) {
  const auto* const found = std::ranges::lower_bound(kPhrases, status, {}, &Phrase::status);
  return found != kPhrases.end() && found->status == status ? found->text : "Unknown";
}

}  // namespace sallyport::http
