#include "gateway/config/message.h"

#include <fmt/core.h>

#include "gateway/base/text.h"

namespace sallyport::config {
namespace {

constexpr std::size_t kMaxQuoted = 80;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

std::string json_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string quoted(std::string_view text) {
  if (text.size() <= kMaxQuoted) return json_quoted(text);
  std::size_t end = kMaxQuoted;
  while (end > 0 && is_continuation(text[end])) --end;
  return json_quoted(text.substr(0, end)) + "...";
}

std::string choices(std::span<const std::string_view> names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += i + 1 == names.size() ? " or " : ", ";
    out += names[i];
  }
  return out;
}

std::string suggestion(std::string_view word, std::span<const std::string_view> names,
                       std::string_view lead) {
  // Nothing of interest is that long, and the comparison takes the product of both lengths.
  const std::string_view near =
      word.size() > kMaxQuoted ? "" : closest(word, names.data(), names.size());
  if (!near.empty()) return fmt::format("; did you mean \"{}\"?", near);
  return fmt::format("; {} {}", lead, choices(names));
}

}  // namespace sallyport::config
