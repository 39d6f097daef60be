#include "gateway/config/text_check.h"

#include <algorithm>
#include <cstdint>

#include "gateway/config/node.h"

namespace sallyport::config {
namespace {

struct Character {
  std::uint32_t code = 0;
  std::size_t length = 0;  // zero: not valid UTF-8
};

// decode reads the character that `text` starts with (RFC 3629 section 4: no overlong forms, no
// surrogates, nothing above U+10FFFF).
Character decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {};
  std::uint32_t code = lead & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = (code << 6) | (byte(i) & 0x3Fu);
  }
  constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < kSmallest[length] || is_surrogate || code > 0x10FFFF) return {};
  return {code, length};
}

// problem_of returns why the character may not stand in a configuration, or nothing.
std::string_view problem_of(Character c, std::string_view rest) {
  if (c.length == 0) return "invalid UTF-8: save the file as UTF-8";
  if (c.code == '\n' || c.code == '\t') return {};
  if (c.code == '\r') {
    return rest.starts_with("\r\n") ? "" : "a carriage return without a line feed: remove it";
  }
  if (c.code < 0x20 || (c.code >= 0x7F && c.code <= 0x9F)) return "a control character: remove it";
  if (c.code == 0x2028 || c.code == 0x2029) return "a Unicode line separator: remove it";
  if (c.code == 0xFEFF) return "a byte order mark: remove it";
  if ((c.code >= 0x202A && c.code <= 0x202E) || (c.code >= 0x2066 && c.code <= 0x2069)) {
    return "a character that changes the direction of text and hides what is written: remove it";
  }
  return {};
}

void report(std::string_view text, std::size_t offset, std::string_view problem,
            const std::shared_ptr<const std::string>& file, Findings& findings) {
  const std::string_view before = text.substr(0, offset);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t column = offset - (before.rfind('\n') + 1) + 1;  // npos + 1 is the start
  findings.add({Severity::error,
                {file, static_cast<int>(line), static_cast<int>(column)},
                "",
                std::string(problem)});
}

}  // namespace

bool check_text(std::string_view text, const std::shared_ptr<const std::string>& file,
                Findings& findings) {
  std::size_t punctuation = 0;
  for (std::size_t i = 0; i < text.size();) {
    const Character c = decode(text.substr(i));
    if (const auto problem = problem_of(c, text.substr(i)); !problem.empty()) {
      report(text, i, problem, file, findings);
      return false;
    }
    // The reader holds a whole flow collection back until it knows that it is no key, so that its
    // memory is bounded here, whatever these characters turn out to mean.
    if (c.code == '[' || c.code == '{' || c.code == ',') ++punctuation;
    if (punctuation > kMaxNodes) {
      report(text, i, "more lists and entries than a configuration has: keep long lists in files",
             file, findings);
      return false;
    }
    if (c.code == '%' && (i == 0 || text[i - 1] == '\n')) {
      report(text, i, "a directive (%): remove the line", file, findings);
      return false;
    }
    i += c.length;
  }
  return true;
}

}  // namespace sallyport::config
