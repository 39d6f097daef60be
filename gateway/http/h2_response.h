#pragma once

// H2FieldSection makes the fields of a message what HTTP/2 wants them to be: pseudo-header fields
// and nothing of HTTP/1 connections (RFC 9113 section 8.3). Names become lower-case ones when the
// library copies them, which it does in every nghttp2_submit_ function.

#include <nghttp2/nghttp2.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/http/message.h"

namespace sallyport::http {

class H2FieldSection {
 public:
  // set_head takes an answer's head; false when it has a field that may not be sent, which is a
  // mistake of ours or of a module.
  [[nodiscard]] bool set_head(const ResponseHead& head);
  // set_request takes a request's head; `scheme` is "https" or "http".
  [[nodiscard]] bool set_request(const RequestHead& head, std::string_view scheme);
  [[nodiscard]] bool set_trailers(const Fields& trailers);
  // fields are valid until the next set_, and as long as what was set.
  std::span<const nghttp2_nv> fields() const { return fields_; }

 private:
  void add(std::string_view name, std::string_view value);
  bool add_all(const Fields& fields, bool (*forbidden)(std::string_view));

  std::string status_;
  std::string path_;
  std::string length_;
  std::vector<nghttp2_nv> fields_;
};

}  // namespace sallyport::http
