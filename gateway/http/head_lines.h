#pragma once

// What the heads of HTTP/1 requests and responses have in common.

#include <cstddef>
#include <optional>
#include <string_view>

#include "gateway/http/control_fields.h"
#include "gateway/http/violation.h"

namespace sallyport::http {

// Room for an ordinary message's fields in one allocation.
inline constexpr std::size_t kOrdinaryFields = 24;

struct HeadLines {
  std::string_view start;   // the start line without its CRLF
  std::string_view fields;  // all field lines, each with its CRLF
};

// split_head cuts a whole head, its empty last line included.
[[nodiscard]] std::optional<Violation> split_head(std::string_view head, HeadLines& lines);

struct Version {
  int major_number = 0;
  int minor_number = 0;
};

// parse_version reads "HTTP/" DIGIT "." DIGIT (RFC 9112 section 2.3), in upper case.
std::optional<Version> parse_version(std::string_view text);

// stays_open says whether the sender lets the connection live (RFC 9112 section 9.3).
bool stays_open(const ControlFields& control, int version_minor);

}  // namespace sallyport::http
