#include "gateway/http/serialise.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

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

// Writer appends to a string the room for a whole head at once, and gives back what was not needed:
// a head has a hundred parts, and so many calls to std::string were a twentieth of a request.
class Writer {
 public:
  // `bound` is at least what will be put.
  Writer(std::string& out, std::size_t bound) : out_(out), before_(out.size()) {
    out_.resize(before_ + bound);
    at_ = out_.data() + before_;
  }

  void put(std::string_view piece) {
    std::memcpy(at_, piece.data(), piece.size());
    at_ += piece.size();
  }
  void put_number(std::uint64_t number, int base) {
    at_ = std::to_chars(at_, at_ + kMaxDigits, number, base).ptr;
  }
  void put_field(std::string_view name, std::string_view value) {
    put(name);
    put(": ");
    put(value);
    put(kLineEnd);
  }

  // end keeps what was put, or nothing when a mistake was found on the way.
  bool end(bool good) {
    SALLYPORT_CHECK(at_ <= out_.data() + out_.size());
    out_.resize(good ? static_cast<std::size_t>(at_ - out_.data()) : before_);
    return good;
  }

  static constexpr std::size_t kMaxDigits = 20;

 private:
  std::string& out_;
  const std::size_t before_;
  char* at_;
};

// What a head has besides its fields, target, authority and phrase: less than this.
constexpr std::size_t kFrame = 256;

std::size_t size_of(const Fields& fields) {
  std::size_t size = 0;
  for (const Field& field : fields) size += field.name.size() + field.value.size() + 4;
  return size;
}

bool put_fields(const Fields& fields, bool (*is_ours)(std::string_view), Writer& out) {
  if (!fields.is_writable()) return false;
  for (const Field& field : fields) {
    if (is_ours(field.name)) return false;
    out.put_field(field.name, field.value);
  }
  return true;
}

void put_length(std::uint64_t length, Writer& out) {
  out.put("Content-Length: ");
  out.put_number(length, 10);
  out.put(kLineEnd);
}

void put_framing(const BodyShape& body, Writer& out) {
  if (body.framing == Framing::chunked) out.put_field("Transfer-Encoding", "chunked");
  if (body.framing == Framing::length) put_length(body.length, out);
}

void put_persistence(Persistence persistence, Writer& out) {
  if (persistence == Persistence::close) out.put_field("Connection", "close");
  if (persistence == Persistence::keep_http10) out.put_field("Connection", "keep-alive");
}

bool put_target(const Target& target, Writer& out) {
  const bool path_good = target.path == "*" || target.path.starts_with('/');
  if (!path_good || !is_path_text(target.path) || !is_target_text(target.query)) return false;
  out.put(target.path);
  if (target.has_query) {
    out.put("?");
    out.put(target.query);
  }
  return target.has_query || target.query.empty();
}

bool put_request_head(const RequestHead& head, Persistence persistence, Writer& out) {
  // RFC 9112 6.3: a request's body cannot end with the connection.
  if (!is_token(head.method_text) || head.body.framing == Framing::until_close) return false;
  out.put(head.method_text);
  out.put(" ");
  if (!put_target(head.target, out)) return false;
  out.put(" HTTP/1.1\r\n");
  if (!is_authority_text(head.authority)) return false;
  out.put_field("Host", head.authority);
  if (!put_fields(head.fields, is_framing, out)) return false;
  put_framing(head.body, out);
  if (head.expects_continue) out.put_field("Expect", "100-continue");
  put_persistence(persistence, out);
  out.put(kLineEnd);
  return true;
}

bool put_response_head(const ResponseHead& head, Persistence persistence, Writer& out) {
  const bool must_close = head.body.framing == Framing::until_close;
  if (head.status < 100 || head.status > 599 || !is_all(head.reason, kFieldChar)) return false;
  if (must_close && persistence != Persistence::close) return false;
  out.put("HTTP/1.1 ");
  out.put_number(static_cast<std::uint64_t>(head.status), 10);
  out.put(" ");
  out.put(head.reason.empty() ? reason_phrase(head.status) : head.reason);
  out.put(kLineEnd);
  if (!put_fields(head.fields, is_framing, out)) return false;
  put_framing(head.body, out);
  if (head.body.framing == Framing::none && head.announced_length) {
    put_length(*head.announced_length, out);
  }
  put_persistence(persistence, out);
  out.put(kLineEnd);
  return true;
}

}  // namespace

bool append_request_head(const RequestHead& head, Persistence persistence, std::string& out) {
  Writer writer(out, kFrame + head.method_text.size() + head.target.path.size() +
                         head.target.query.size() + head.authority.size() + size_of(head.fields));
  return writer.end(put_request_head(head, persistence, writer));
}

bool append_response_head(const ResponseHead& head, Persistence persistence, std::string& out) {
  Writer writer(out, kFrame + head.reason.size() + size_of(head.fields));
  return writer.end(put_response_head(head, persistence, writer));
}

void append_chunk_size(std::uint64_t size, std::string& out) {
  SALLYPORT_CHECK(size > 0);
  Writer writer(out, Writer::kMaxDigits + kLineEnd.size());
  writer.put_number(size, 16);
  writer.put(kLineEnd);
  writer.end(true);
}

bool append_last_chunk(const Fields& trailers, std::string& out) {
  Writer writer(out, kFrame + size_of(trailers));
  writer.put("0\r\n");
  const bool good = put_fields(trailers, is_forbidden_trailer, writer);
  writer.put(kLineEnd);
  return writer.end(good);
}

std::string_view reason_phrase(int status) {
  const auto* const found = std::ranges::lower_bound(kPhrases, status, {}, &Phrase::status);
  return found != kPhrases.end() && found->status == status ? found->text : "Unknown";
}

}  // namespace sallyport::http
