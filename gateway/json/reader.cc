#include "gateway/json/reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string>
#include <system_error>

#include "gateway/json/utf8.h"

namespace sallyport::json {
namespace {

// The names of a small object are compared with each other as they come; of a large one they are
// sorted at its end, so that no document takes time by the square of its size.
constexpr std::size_t kFewMembers = 16;

constexpr std::array<bool, 256> make_plain() {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x80; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}
// kPlain has the characters that stand for themselves in a string, beyond which UTF-8 is checked.
constexpr auto kPlain = make_plain();

bool is_plain(char c) { return kPlain[static_cast<unsigned char>(c)]; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

Node string_node(const char* text, std::size_t size) {
  Node node{};
  node.text = text;
  node.size = static_cast<std::uint32_t>(size);
  node.kind = Kind::string;
  return node;
}

Node integer_node(std::int64_t value, Kind kind) {
  Node node{};
  node.integer = value;
  node.size = 0;
  node.kind = kind;
  return node;
}

void append_utf8(char*& to, unsigned code) {
  const auto put = [&to](unsigned byte) { *to++ = static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
    return;
  }
  if (code < 0x800) {
    put(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      put(0xE0 | code >> 12);
    } else {
      put(0xF0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3F));
    }
    put(0x80 | (code >> 6 & 0x3F));
  }
  put(0x80 | (code & 0x3F));
}

}  // namespace

Reader::Reader(Document& document, int max_depth)
    : document_(document),
      max_depth_(max_depth),
      at_(document.text.data()),
      end_(at_ + document.text.size()),
      line_start_(at_) {
  // What honest texts need: ten bytes a value.
  constexpr std::size_t kMostReserved = 1024;
  const std::size_t guess = std::min(document.text.size() / 10 + 8, kMostReserved);
  document.nodes.reserve(guess);
  waiting_.reserve(guess);
}

Result<void> Reader::read() {
  if (!read_document()) return error_;
  return {};
}

bool Reader::fail(Flaw flaw, std::string_view what, const char* where) {
  flaw_ = flaw;
  error_ = {Fault::client, "JSON line " + std::to_string(line_) + " column " +
                               std::to_string(where - line_start_ + 1) + ": "};
  error_.text += what;
  return false;
}

bool Reader::fail_syntax() {
  if (at_ == end_) return fail(Flaw::syntax, "ends too early", std::max(line_start_, end_ - 1));
  if (utf8_length({at_, static_cast<std::size_t>(end_ - at_)}) == 0) {
    return fail(Flaw::utf8, "invalid UTF-8", at_);
  }
  return fail(Flaw::syntax, "invalid syntax", at_);
}

void Reader::skip_space() {
  for (;; ++at_) {
    if (*at_ == '\n') {
      ++line_;
      line_start_ = at_ + 1;
    } else if (*at_ != ' ' && *at_ != '\t' && *at_ != '\r') {
      return;
    }
  }
}

bool Reader::read_document() {
  // First, as it would look like the end of the text to the rest of the reader.
  if (const void* nul = std::memchr(at_, '\0', document_.text.size())) {
    const char* where = static_cast<const char*>(nul);
    const std::string_view before(at_, static_cast<std::size_t>(where - at_));
    line_ += static_cast<int>(std::count(before.begin(), before.end(), '\n'));
    line_start_ += before.rfind('\n') + 1;  // npos + 1 is the start
    return fail(Flaw::nul, "NUL", where);
  }
  skip_space();
  if (!read_value(0)) return false;
  skip_space();
  if (at_ != end_) return fail(Flaw::syntax, "something follows the value", at_);
  document_.nodes.push_back(waiting_.back());
  return true;
}

bool Reader::read_value(int depth) {
  switch (*at_) {
    case '"':
      return read_string();
    case '{':
    case '[':
      if (depth >= max_depth_) return fail(Flaw::too_deep, "nested too deep", at_);
      return *at_ == '{' ? read_object(depth + 1) : read_array(depth + 1);
    case 't':
      return read_literal("true", Kind::boolean, true);
    case 'f':
      return read_literal("false", Kind::boolean, false);
    case 'n':
      return read_literal("null", Kind::null, false);
    default:
      return *at_ == '-' || is_digit(*at_) ? read_number() : fail_syntax();
  }
}

bool Reader::read_array(int depth) {
  const std::size_t start = waiting_.size();
  ++at_;
  skip_space();
  if (*at_ != ']') {
    for (;;) {
      if (!read_value(depth)) return false;
      skip_space();
      if (*at_ != ',') break;
      ++at_;
      skip_space();
    }
  }
  if (*at_ != ']') return fail_syntax();
  ++at_;
  close(start, Kind::array);
  return true;
}

bool Reader::read_object(int depth) {
  const std::size_t start = waiting_.size();
  ++at_;
  skip_space();
  if (*at_ != '}') {
    for (;;) {
      if (!read_member(depth, start)) return false;
      skip_space();
      if (*at_ != ',') break;
      ++at_;
      skip_space();
    }
  }
  if (*at_ != '}') return fail_syntax();
  if (has_repeated(start)) return fail(Flaw::duplicate, "a member name appears twice", at_);
  ++at_;
  close(start, Kind::object);
  return true;
}

bool Reader::read_member(int depth, std::size_t start) {
  if (*at_ != '"') return fail_syntax();
  if (!read_string()) return false;
  if (is_repeated(start)) return fail(Flaw::duplicate, "a member name appears twice", at_ - 1);
  skip_space();
  if (*at_ != ':') return fail_syntax();
  ++at_;
  skip_space();
  return read_value(depth);
}

// is_repeated compares the name that was just read with those before it.
bool Reader::is_repeated(std::size_t start) const {
  const std::size_t last = waiting_.size() - 1;
  if (last - start >= 2 * kFewMembers) return false;  // left to has_repeated
  const std::string_view name = waiting_[last].string();
  for (std::size_t i = start; i < last; i += 2) {
    if (waiting_[i].string() == name) return true;
  }
  return false;
}

bool Reader::has_repeated(std::size_t start) const {
  if ((waiting_.size() - start) / 2 <= kFewMembers) return false;
  std::vector<std::string_view> names;
  names.reserve((waiting_.size() - start) / 2);
  for (std::size_t i = start; i < waiting_.size(); i += 2) names.push_back(waiting_[i].string());
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

void Reader::close(std::size_t start, Kind kind) {
  const std::size_t children = waiting_.size() - start;
  Node node{};
  node.first = static_cast<std::uint32_t>(document_.nodes.size());
  node.size = static_cast<std::uint32_t>(kind == Kind::object ? children / 2 : children);
  node.kind = kind;
  const auto from = waiting_.begin() + static_cast<std::ptrdiff_t>(start);
  document_.nodes.insert(document_.nodes.end(), from, waiting_.end());
  waiting_.erase(from, waiting_.end());
  waiting_.push_back(node);
}

bool Reader::read_string() {
  char* const begin = ++at_;
  char* to = begin;  // never beyond at_: an escape is longer than what it stands for
  for (;;) {
    const char* const run = at_;
    while (is_plain(*at_)) ++at_;
    std::size_t size = static_cast<std::size_t>(at_ - run);
    if (*at_ < 0) {
      const std::size_t sequence = utf8_length({at_, static_cast<std::size_t>(end_ - at_)});
      if (sequence == 0) return fail_syntax();
      size += sequence;
      at_ += sequence;
    }
    if (to != run) std::memmove(to, run, size);
    to += size;
    if (*at_ == '"') break;
    if (*at_ == '\\') {
      if (!read_escape(to)) return false;
    } else if (!is_plain(*at_) && *at_ >= 0) {
      return fail_syntax();  // a control character, or the end
    }
  }
  ++at_;
  waiting_.push_back(string_node(begin, static_cast<std::size_t>(to - begin)));
  return true;
}

// read_escape reads what begins with the backslash at at_ (RFC 8259 section 7).
bool Reader::read_escape(char*& to) {
  constexpr std::string_view kNames = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const char name = *++at_;
  if (const std::size_t index = kNames.find(name); index != std::string_view::npos) {
    ++at_;
    *to++ = kMeanings[index];
    return true;
  }
  if (name != 'u') return fail_syntax();
  unsigned code = 0;
  if (!read_code_unit(code)) return false;
  if (code >= 0xD800 && code < 0xE000) {  // half of a pair, the first half first
    unsigned low = 0;
    if (code >= 0xDC00 || *at_ != '\\' || *++at_ != 'u') return fail_syntax();
    if (!read_code_unit(low)) return false;
    if (low < 0xDC00 || low >= 0xE000) return fail_syntax();
    code = 0x10000 + ((code & 0x3FF) << 10) + (low & 0x3FF);
  }
  if (code == 0) return fail(Flaw::nul, "NUL in a string", at_);
  append_utf8(to, code);
  return true;
}

// read_code_unit reads the 'u' and four hexadecimal digits.
bool Reader::read_code_unit(unsigned& to) {
  ++at_;
  for (int i = 0; i < 4; ++i, ++at_) {
    const char lower = static_cast<char>(*at_ | 0x20);
    if (is_digit(*at_)) {
      to = to << 4 | static_cast<unsigned>(*at_ - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      to = to << 4 | static_cast<unsigned>(lower - 'a' + 10);
    } else {
      return fail_syntax();
    }
  }
  return true;
}

bool Reader::skip_digits() {
  if (!is_digit(*at_)) return fail_syntax();
  while (is_digit(*at_)) ++at_;
  return true;
}

bool Reader::read_number() {
  const char* const begin = at_;
  if (*at_ == '-') ++at_;
  if (*at_ == '0' && is_digit(at_[1])) return fail_syntax();
  if (!skip_digits()) return false;
  const bool is_integer = *at_ != '.' && (*at_ | 0x20) != 'e';
  if (*at_ == '.') {
    ++at_;
    if (!skip_digits()) return false;
  }
  if ((*at_ | 0x20) == 'e') {
    ++at_;
    if (*at_ == '+' || *at_ == '-') ++at_;
    if (!skip_digits()) return false;
  }
  std::int64_t integer = 0;
  double real = 0;
  const auto read = is_integer ? std::from_chars(begin, at_, integer)
                               : std::from_chars(begin, static_cast<const char*>(at_), real);
  if (read.ec != std::errc()) return fail(Flaw::number, "a number is too large", at_ - 1);
  waiting_.push_back(integer_node(integer, is_integer ? Kind::integer : Kind::real));
  return true;
}

bool Reader::read_literal(std::string_view word, Kind kind, bool value) {
  if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(word)) {
    return fail_syntax();
  }
  at_ += word.size();
  waiting_.push_back(integer_node(value ? 1 : 0, kind));
  return true;
}

}  // namespace sallyport::json
