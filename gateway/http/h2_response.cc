#include "gateway/http/h2_response.h"

#include "gateway/base/text.h"
#include "gateway/http/field_names.h"

namespace sallyport::http {
namespace {

// The library takes pointers to octets that it does not change.
std::uint8_t* octets(std::string_view text) {
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

// A value that no other answer has is of no use in the other side's table: it would only push out
// what is (RFC 7541 section 6.2.3; the library has no representation without that promise).
std::uint8_t flags_of(std::string_view name) {
  return equals_ignoring_case(name, "x-fapi-interaction-id") ? NGHTTP2_NV_FLAG_NO_INDEX
                                                             : NGHTTP2_NV_FLAG_NONE;
}

}  // namespace

void H2FieldSection::add(std::string_view name, std::string_view value) {
  fields_.push_back({octets(name), octets(value), name.size(), value.size(), flags_of(name)});
}

bool H2FieldSection::add_all(const Fields& fields, bool (*forbidden)(std::string_view)) {
  if (!fields.is_writable()) return false;
  for (const Field& field : fields) {
    if (forbidden(field.name)) return false;
    add(field.name, field.value);
  }
  return true;
}

bool H2FieldSection::set_head(const ResponseHead& head) {
  if (head.status < 100 || head.status > 599) return false;
  fields_.clear();
  status_ = std::to_string(head.status);
  add(":status", status_);
  if (!add_all(head.fields, is_of_http_1)) return false;
  std::optional<std::uint64_t> length = head.announced_length;
  if (head.body.framing == Framing::length) length = head.body.length;
  if (length) {
    length_ = std::to_string(*length);
    add("content-length", length_);
  }
  return true;
}

bool H2FieldSection::set_request(const RequestHead& head, std::string_view scheme) {
  fields_.clear();
  path_ = head.target.path;
  if (head.target.has_query) path_.append("?").append(head.target.query);
  if (!is_token(head.method_text) || !is_field_value(head.authority) || !is_field_value(path_)) {
    return false;
  }
  add(":method", head.method_text);
  add(":scheme", scheme);
  add(":authority", head.authority);
  add(":path", path_);
  if (!add_all(head.fields, is_of_http_1)) return false;
  if (head.body.framing == Framing::length) {
    length_ = std::to_string(head.body.length);
    add("content-length", length_);
  }
  return true;
}

bool H2FieldSection::set_trailers(const Fields& trailers) {
  fields_.clear();
  return add_all(trailers, is_forbidden_trailer);
}

}  // namespace sallyport::http
