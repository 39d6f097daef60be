#include "gateway/http/head_lines.h"

#include <algorithm>

#include "gateway/base/text.h"

namespace sallyport::http {

std::optional<Violation> split_head(std::string_view head, HeadLines& lines) {
  const std::size_t line_feed = head.find('\n');
  const std::size_t end = std::min(head.substr(0, line_feed).find('\r'), line_feed);
  if (end == std::string_view::npos) return Violation::truncated_head;
  if (head[end] == '\n') return Violation::bare_line_feed;
  if (head.size() - end < 2) return Violation::truncated_head;
  if (head[end + 1] != '\n') return Violation::bare_carriage_return;
  lines.start = head.substr(0, end);
  lines.fields = head.substr(end + 2);
  if (!lines.fields.ends_with("\r\n")) return Violation::truncated_head;
  lines.fields.remove_suffix(2);
  return std::nullopt;
}

std::optional<Version> parse_version(std::string_view text) {
  constexpr std::string_view kName = "HTTP/";
  if (text.size() != kName.size() + 3 || !text.starts_with(kName)) return std::nullopt;
  if (!is_digit(text[5]) || text[6] != '.' || !is_digit(text[7])) return std::nullopt;
  return Version{text[5] - '0', text[7] - '0'};
}

bool stays_open(const ControlFields& control, int version_minor) {
  return !control.close && (version_minor > 0 || control.keep_alive);
}

}  // namespace sallyport::http
