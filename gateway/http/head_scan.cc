#include "gateway/http/head_scan.h"

#include <optional>

namespace sallyport::http {
namespace {

using State = HeadProgress::State;

HeadProgress refuse(Violation violation) { return {State::violation, 0, violation}; }

Violation start_line_too_long(StartLine kind) {
  return kind == StartLine::request ? Violation::request_line_too_long
                                    : Violation::status_line_too_long;
}

// is_too_long judges the start line by its octets up to `end`, of which the last may be its CR.
bool is_too_long(std::size_t end, const HeadLimits& limits, const HeadScan& scan) {
  return scan.in_start_line && end - scan.line_start > limits.max_start_line + 1;
}

// end_line judges the line that ends with the LF at `at` and moves on behind it.
std::optional<HeadProgress> end_line(std::string_view buffer, std::size_t at, StartLine kind,
                                     const HeadLimits& limits, HeadScan& scan) {
  scan.scanned = at + 1;
  if (is_too_long(at, limits, scan)) return refuse(start_line_too_long(kind));
  if (at == scan.line_start || buffer[at - 1] != '\r') return refuse(Violation::bare_line_feed);
  const std::size_t length = at - 1 - scan.line_start;
  if (scan.in_start_line) {
    if (length == 0) return refuse(Violation::empty_line_before_start);
    scan.in_start_line = false;
  } else if (length == 0) {
    return HeadProgress{State::found, at + 1, Violation::truncated_head};
  }
  scan.line_start = at + 1;
  return std::nullopt;
}

}  // namespace

std::string_view skip_empty_line(std::string_view bytes, std::size_t& skipped) {
  constexpr std::string_view kEmptyLine = "\r\n";
  while (skipped < kEmptyLine.size() && bytes.starts_with(kEmptyLine[skipped])) {
    bytes.remove_prefix(1);
    ++skipped;
  }
  return bytes;
}

HeadProgress find_head_end(std::string_view buffer, StartLine kind, const HeadLimits& limits,
                           HeadScan& scan) {
  const std::string_view searched = buffer.substr(0, limits.max_head_bytes);
  for (;;) {
    const std::size_t at = searched.find('\n', scan.scanned);
    if (at == std::string_view::npos) break;
    if (const auto progress = end_line(searched, at, kind, limits, scan)) return *progress;
  }
  scan.scanned = searched.size();
  if (is_too_long(searched.size(), limits, scan)) return refuse(start_line_too_long(kind));
  if (searched.size() == limits.max_head_bytes) return refuse(Violation::head_too_large);
  return {};
}

}  // namespace sallyport::http
