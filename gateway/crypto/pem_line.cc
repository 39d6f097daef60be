#include "gateway/crypto/pem_line.h"

#include <algorithm>
#include <array>

#include "gateway/base/text.h"

namespace sallyport::crypto {
namespace {

constexpr std::string_view kBegin = "-----BEGIN";
constexpr std::string_view kEnd = "-----END";
constexpr std::string_view kDashes = "-----";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kMaxLabel = 64;

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string_view without_trailing_blanks(std::string_view line) {
  const std::size_t last = line.find_last_not_of(" \t\v\f");
  return line.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

// is_label: printable ASCII without runs of blanks or dashes, and none at either end.
bool is_label(std::string_view label) {
  if (label.empty() || label.size() > kMaxLabel) return false;
  const auto is_gap = [](char c) { return c == ' ' || c == '-'; };
  for (std::size_t i = 0; i < label.size(); ++i) {
    if (label[i] < ' ' || label[i] > '~') return false;
    const bool at_edge = i == 0 || i + 1 == label.size();
    if (is_gap(label[i]) && (at_edge || is_gap(label[i - 1]))) return false;
  }
  return true;
}

std::optional<std::string_view> label_of(std::string_view line, std::string_view keyword) {
  line = without_trailing_blanks(line);
  if (!line.starts_with(keyword) || !line.ends_with(kDashes)) return std::nullopt;
  line.remove_prefix(keyword.size());
  if (line.size() < kDashes.size() || !line.starts_with(' ')) return std::nullopt;
  line.remove_suffix(kDashes.size());
  line.remove_prefix(1);
  if (!is_label(line)) return std::nullopt;
  return line;
}

// plain_dashes writes the dashes of Unicode (U+2010 to U+2015, U+2212, U+FE58, U+FF0D), which word
// processors put for two, as those of ASCII, letters as capitals, and leaves blanks out.
std::string plain_dashes(std::string_view line) {
  constexpr std::array<std::string_view, 9> kLike{"\xE2\x80\x90", "\xE2\x80\x91", "\xE2\x80\x92",
                                                  "\xE2\x80\x93", "\xE2\x80\x94", "\xE2\x80\x95",
                                                  "\xE2\x88\x92", "\xEF\xB9\x98", "\xEF\xBC\x8D"};
  std::string out;
  while (!line.empty()) {
    const auto like =
        std::ranges::find_if(kLike, [&](auto dash) { return line.starts_with(dash); });
    if (like != kLike.end()) {
      out += "--";
      line.remove_prefix(like->size());
      continue;
    }
    const char c = line.front();
    line.remove_prefix(1);
    if (c == ' ' || c == '\t') continue;
    out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  }
  return out;
}

// seems_a_boundary finds those with other dashes, blanks or letters than PEM has: dashes, BEGIN or
// END, and the name of something that a PEM file holds.
bool seems_a_boundary(std::string_view line) {
  constexpr std::array<std::string_view, 10> kKinds{"CERTIFICATE", "X509", "TRUSTED", "PRIVATEKEY",
                                                    "PUBLICKEY",   "RSA",  "EC",      "DH",
                                                    "ENCRYPTED",   "PKCS"};
  // Long lines are not typed by hand, and short ones are cheap to write anew.
  constexpr std::size_t kMaxTyped = 200;
  if (line.size() > kMaxTyped || line.find_first_of("-\xE2\xEF") == line.npos) return false;
  const std::string plain = plain_dashes(line);
  return std::ranges::any_of(std::array<std::string_view, 2>{"--BEGIN", "--END"}, [&](auto word) {
    const std::size_t at = plain.find(word);
    if (at == std::string::npos) return false;
    const std::string_view kind = std::string_view(plain).substr(at + word.size());
    return std::ranges::any_of(kKinds, [&](auto known) { return kind.starts_with(known); });
  });
}

}  // namespace

bool PemLines::next(std::string_view& line) {
  if (rest_.empty()) return false;
  const std::size_t end = rest_.find_first_of("\r\n");
  line = rest_.substr(0, end);
  ++number_;
  if (end == std::string_view::npos) {
    rest_ = {};
    return true;
  }
  rest_.remove_prefix(rest_.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
  return true;
}

std::optional<std::string_view> begins(std::string_view line) { return label_of(line, kBegin); }
std::optional<std::string_view> ends(std::string_view line) { return label_of(line, kEnd); }

std::string misreading(std::string_view line) {
  const bool begin = has(line, kBegin), end = has(line, kEnd);
  if (!begin && !end) {
    if (!seems_a_boundary(line)) return {};
    return "looks like the beginning or end of a block, but is not written as one; write it as "
           "-----BEGIN CERTIFICATE----- is, with five ASCII dashes on both sides and in capitals";
  }
  const std::string what(begin ? kBegin : kEnd);
  if (line.starts_with(kByteOrderMark)) {
    return "has a byte order mark before " + what +
           ", where two files were joined; remove it (the three octets EF BB BF)";
  }
  const std::string_view bare =
      line.substr(std::min(line.find_first_not_of(" \t\v\f"), line.size()));
  if (bare.size() < line.size() && (begins(bare) || ends(bare))) {
    return "has white space before " + what + "; remove it, here and on the lines that follow";
  }
  if (has(line, "\\n")) {
    return "has its line breaks written as \\n; write real ones (printf '%b')";
  }
  if (begin && end) {
    return "holds both -----BEGIN and -----END; put each on a line of its own (where files were "
           "joined, the first had no line break at its end)";
  }
  return "holds " + what +
         " but is no such line; put -----BEGIN or -----END with its label and five dashes on a "
         "line of its own, or remove this one";
}

}  // namespace sallyport::crypto
