#pragma once

// HeaderBlock collects the fields of one HTTP/2 header block as they are decoded, within the limits
// of a head. It is the decoded size that is limited: a few octets on the wire can name many
// kilobytes (RFC 9113 section 10.5.1). A connection has one block at a time and reuses it.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/arena.h"
#include "gateway/http/head_scan.h"
#include "gateway/http/message.h"
#include "gateway/http/violation.h"

namespace sallyport::http {

class HeaderBlock {
 public:
  explicit HeaderBlock(const HeadLimits& limits) : limits_(limits) {}

  // clear begins a new block.
  void clear();
  // add takes one field, pseudo-header fields included. Against the limit of a head it counts its
  // octets and 32 more, as SETTINGS_MAX_HEADER_LIST_SIZE says (RFC 9113 section 6.5.2), however few
  // it was on the wire; against that of one field the line that it would be in HTTP/1. Beyond a
  // limit nothing is kept any more.
  void add(std::string_view name, std::string_view value);
  // violation is the limit that was passed, if one was.
  const std::optional<Violation>& violation() const { return violation_; }

  // append_to copies the fields into `arena` and adds them to `fields`, in order. Nobody has judged
  // them yet: the caller holds each to h2_fields, or refuses the message.
  void append_to(Fields& fields, Arena& arena) const;

 private:
  struct Entry {
    std::size_t name;  // lengths of what stands one after the other in text_
    std::size_t value;
  };

  HeadLimits limits_;
  std::string text_;
  std::vector<Entry> entries_;
  std::size_t total_ = 0;
  std::optional<Violation> violation_;
};

}  // namespace sallyport::http
