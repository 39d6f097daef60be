#include "gateway/http/target.h"

#include <cstring>
#include <optional>

#include "gateway/base/text.h"
#include "gateway/base/utf8.h"
#include "gateway/http/chars.h"

namespace sallyport::http {
namespace {

constexpr std::uint8_t kDelete = 0x7f;

// illegal_character names what is wrong with a raw octet that may not stand where it does.
Violation illegal_character(char c) {
  const auto octet = static_cast<std::uint8_t>(c);
  if (octet >= 0x80) return Violation::target_non_ascii;
  if (octet <= 0x20 || octet == kDelete) return Violation::target_control;
  if (c == '\\') return Violation::target_backslash;
  if (c == '#') return Violation::target_fragment;
  if (c == ';') return Violation::target_parameter;
  return Violation::target_illegal_character;
}

// decode_escape returns the octet of the escape at text[at], or -1.
int decode_escape(std::string_view text, std::size_t at) {
  if (text.size() - at < 3) return -1;
  const int high = hex_value(text[at + 1]);
  const int low = hex_value(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

std::optional<Violation> forbidden_escape(std::uint8_t octet) {
  if (octet < 0x20 || octet == kDelete) return Violation::target_encoded_control;
  if (octet == '/') return Violation::target_encoded_slash;
  if (octet == '\\') return Violation::target_encoded_backslash;
  if (octet == ';') return Violation::target_parameter;
  return std::nullopt;
}

// PathReader walks a path once, judging the canonical characters as they come. Nothing is copied
// until an escape must be rewritten; the canonical form is never longer than the raw one.
class PathReader {
 public:
  PathReader(std::string_view raw, Arena& arena) : raw_(raw), arena_(arena) {}

  std::variant<std::string_view, Violation> read() {
    if (!raw_.starts_with('/')) return Violation::target_bad_form;
    for (std::size_t at = 0; at < raw_.size();) {
      const auto violation = raw_[at] == '%' ? escape(at) : plain(at);
      if (violation) return *violation;
    }
    if (const auto violation = end_segment()) return *violation;
    return out_ == nullptr ? raw_ : std::string_view(out_, size_);
  }

 private:
  std::optional<Violation> plain(std::size_t& at) {
    const char c = raw_[at++];
    if (!is_char(c, kPathChar)) return illegal_character(c);
    if (c != '/') return put_in_segment(c);
    if (size_ > 0) {
      if (const auto violation = end_segment()) return violation;
      if (segment_ == 0) return Violation::target_empty_segment;
    }
    segment_ = 0;
    only_dots_ = true;
    hex_after_percent_ = 0;
    put(c);
    return std::nullopt;
  }

  std::optional<Violation> escape(std::size_t& at) {
    const int decoded = decode_escape(raw_, at);
    if (decoded < 0) return Violation::target_bad_escape;
    const auto octet = static_cast<std::uint8_t>(decoded);
    if (const auto violation = forbidden_escape(octet)) return violation;
    if (out_ == nullptr) start_copy(at);
    const std::string_view digits = raw_.substr(at + 1, 2);
    at += 3;
    if (is_char(static_cast<char>(octet), kUnreserved)) {
      return put_in_segment(static_cast<char>(octet));
    }
    return put_escape(octet, digits);
  }

  std::optional<Violation> put_escape(std::uint8_t octet, std::string_view digits) {
    // C1 controls (U+0080 to U+009F) are C2 80 to C2 9F.
    if (previous_octet_ == 0xc2 && octet >= 0x80 && octet < 0xa0) {
      return Violation::target_encoded_control;
    }
    if (!utf8_.accept(octet)) return Violation::target_bad_utf8;
    previous_octet_ = octet;
    put('%');
    put(to_upper(digits[0]));
    put(to_upper(digits[1]));
    ++segment_;
    only_dots_ = false;
    hex_after_percent_ = octet == '%' ? 2 : 0;
    return std::nullopt;
  }

  // put_in_segment takes an ASCII character that stands for itself.
  std::optional<Violation> put_in_segment(char c) {
    if (!utf8_.is_complete()) return Violation::target_bad_utf8;
    previous_octet_ = 0;
    // The digits may have been escaped themselves: judged is what stands in the canonical form.
    if (hex_after_percent_ > 0) {
      if (hex_value(c) < 0) {
        hex_after_percent_ = 0;
      } else if (--hex_after_percent_ == 0) {
        return Violation::target_double_encoding;
      }
    }
    ++segment_;
    only_dots_ = only_dots_ && c == '.';
    put(c);
    return std::nullopt;
  }

  std::optional<Violation> end_segment() const {
    if (!utf8_.is_complete()) return Violation::target_bad_utf8;
    if (only_dots_ && (segment_ == 1 || segment_ == 2)) return Violation::target_dot_segment;
    return std::nullopt;
  }

  void start_copy(std::size_t at) {
    out_ = static_cast<char*>(arena_.allocate(raw_.size(), 1));
    std::memcpy(out_, raw_.data(), at);
  }

  void put(char c) {
    if (out_ != nullptr) out_[size_] = c;
    ++size_;
  }

  static char to_upper(char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c; }

  std::string_view raw_;
  Arena& arena_;
  char* out_ = nullptr;
  std::size_t size_ = 0;     // of the canonical path so far
  std::size_t segment_ = 0;  // canonical characters since the last slash, an escape counting as one
  bool only_dots_ = true;    // the segment so far
  int hex_after_percent_ = 0;
  std::uint8_t previous_octet_ = 0;  // of the escape just before, else 0
  Utf8Check utf8_;
};

// escape_lax replaces the `count` characters of `query` that must not stand there by their escapes.
std::string_view escape_lax(std::string_view query, std::size_t count, Arena& arena) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const std::size_t size = query.size() + 2 * count;
  auto* const text = static_cast<char*>(arena.allocate(size, 1));
  char* at = text;
  for (const char c : query) {
    if (!is_char(c, kLaxQueryChar)) {
      *at++ = c;
      continue;
    }
    const auto octet = static_cast<std::uint8_t>(c);
    *at++ = '%';
    *at++ = kDigits[octet >> 4];
    *at++ = kDigits[octet & 15];
  }
  return {text, size};
}

std::optional<Violation> read_query(std::string_view raw, Arena& arena, Target& target) {
  std::size_t lax = 0;
  for (std::size_t at = 0; at < raw.size(); ++at) {
    if (raw[at] == '%') {
      if (decode_escape(raw, at) < 0) return Violation::target_bad_escape;
      at += 2;
    } else if (is_char(raw[at], kLaxQueryChar)) {
      ++lax;
    } else if (!is_char(raw[at], kQueryChar)) {
      return illegal_character(raw[at]);
    }
  }
  target.has_query = true;
  target.has_lax_query = lax > 0;
  target.query = lax > 0 ? escape_lax(raw, lax, arena) : raw;
  return std::nullopt;
}

// skip_scheme removes "http://" or "https://" in any case.
bool skip_scheme(std::string_view& text) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (text.size() >= scheme.size() &&
        equals_ignoring_case(text.substr(0, scheme.size()), scheme)) {
      text.remove_prefix(scheme.size());
      return true;
    }
  }
  return false;
}

}  // namespace

std::variant<RequestTarget, Violation> canonicalise(std::string_view raw, Method method,
                                                    Arena& arena) {
  RequestTarget result;
  if (raw == "*") {
    if (method != Method::options) return Violation::target_asterisk;
    result.target.path = raw;
    return result;
  }
  if (skip_scheme(raw)) {
    result.authority = raw.substr(0, raw.find_first_of("/?#"));
    if (result.authority.empty()) return Violation::target_bad_form;
    raw.remove_prefix(result.authority.size());
    // RFC 9112 3.2.4: OPTIONS for a whole server; RFC 9110 4.2.3: elsewhere an empty path is "/".
    if (raw.empty()) {
      result.target.path = method == Method::options ? "*" : "/";
      return result;
    }
  }
  const std::size_t question = raw.find('?');
  const std::string_view raw_path = raw.substr(0, question);
  if (question != std::string_view::npos) {
    if (const auto violation = read_query(raw.substr(question + 1), arena, result.target)) {
      return *violation;
    }
  }
  if (raw_path.empty() && !result.authority.empty()) {
    result.target.path = "/";
    return result;
  }
  const auto path = PathReader(raw_path, arena).read();
  if (const auto* violation = std::get_if<Violation>(&path)) return *violation;
  result.target.path = std::get<std::string_view>(path);
  return result;
}

}  // namespace sallyport::http
