#include "gateway/json/reader.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/base/utf8.h"

namespace sallyport::json {
namespace {

namespace ondemand = simdjson::ondemand;
using ondemand::json_type;

constexpr std::string_view kTooEarly = "ends too early";
constexpr std::string_view kSyntax = "invalid syntax";
constexpr std::string_view kUtf8 = "invalid UTF-8";
constexpr std::string_view kFollows = "something follows the value";
constexpr std::string_view kRepeated = "a member name appears twice";

// The names of a small object are compared with each other as they come; of a large one they are
// sorted at its end, so that no document takes time by the square of its size.
constexpr std::size_t kFewMembers = 16;

Node text_node(std::string_view text, Kind kind) {
  Node node{};
  node.text = text.data();
  node.size = static_cast<std::uint32_t>(text.size());
  node.kind = kind;
  return node;
}

Node scalar_node(std::int64_t value, Kind kind) {
  Node node{};
  node.integer = value;
  node.kind = kind;
  return node;
}

// is_plainly_written refuses what std::from_chars reads and RFC 8259 section 6 does not allow:
// zeros before other digits, a point without digits before or after it, infinity, NaN.
bool is_plainly_written(std::string_view number) {
  const auto has_digit = [number](std::size_t at) {
    return at < number.size() && number[at] >= '0' && number[at] <= '9';
  };
  const std::size_t first = number.starts_with('-') ? 1 : 0;
  const std::size_t point = number.find('.');
  return has_digit(first) && !(number[first] == '0' && has_digit(first + 1)) &&
         (point == number.npos || has_digit(point + 1));
}

// Bracketed is a text as the only element of an array, since simdjson has other rules for a root
// that is no container: numbers are bounded, and `nullx` is null. Behind it is NUL, so that nothing
// behind the end can be taken for a token.
class Bracketed {
 public:
  void assign(std::string_view text) {
    octets_.clear();
    octets_.reserve(text.size() + 2 + simdjson::SIMDJSON_PADDING);
    octets_.append(1, '[').append(text).append(1, ']');
    octets_.append(simdjson::SIMDJSON_PADDING, '\0');
    size_ = text.size();
  }
  std::string_view text() const { return {octets_.data() + 1, size_}; }
  simdjson::padded_string_view all() const {
    return simdjson::padded_string_view(octets_.data(), size_ + 2, octets_.size());
  }

 private:
  std::string octets_;
  std::size_t size_ = 0;
};

// Scratch is what reading takes besides the document.
struct Scratch {
  ondemand::parser parser;
  Bracketed bracketed;
};

class Reader {
 public:
  Reader(Document& document, int max_depth, Scratch& scratch)
      : document_(document),
        max_depth_(max_depth),
        parser_(scratch.parser),
        all_(scratch.bracketed.all()),
        begin_(scratch.bracketed.text().data()),
        end_(begin_ + scratch.bracketed.text().size()),
        strings_(document.strings.get()) {
    waiting_.reserve(document.nodes.capacity());
  }

  bool read();
  Flaw flaw() const { return flaw_; }
  Error error() const;

 private:
  // fail refuses the document for what is at `where`.
  bool fail(const char* where, Flaw flaw, std::string_view what);
  bool fail_syntax(const char* where, std::string_view what = kSyntax);
  bool fail_index(simdjson::error_code error);
  const char* here();

  bool read_value(ondemand::value value, int depth);
  bool read_array(ondemand::value& value, int depth);
  bool read_object(ondemand::value& value, int depth);
  bool read_string(ondemand::raw_json_string raw);
  bool read_number(ondemand::value& value);
  bool read_boolean(ondemand::value& value);
  bool read_null(ondemand::value& value);
  bool is_repeated(std::size_t start) const;
  bool has_repeated(std::size_t start) const;
  // close makes the nodes that wait since `start` the children of one node.
  void close(std::size_t start, Kind kind);

  Document& document_;
  const int max_depth_;
  ondemand::parser& parser_;
  const simdjson::padded_string_view all_;
  const char* const begin_;
  const char* const end_;
  ondemand::document json_;
  std::vector<Node> waiting_;  // read, of containers that are still open
  std::uint8_t* strings_;      // where the next string is decoded to
  const char* where_ = begin_;
  Flaw flaw_ = Flaw::syntax;
  std::string_view what_;
};

Error Reader::error() const {
  const std::string_view before(begin_, static_cast<std::size_t>(where_ - begin_));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t column = before.size() - (before.rfind('\n') + 1) + 1;  // npos + 1 is the start
  Error error{Fault::client,
              "JSON line " + std::to_string(line) + " column " + std::to_string(column) + ": "};
  error.text += what_;
  return error;
}

bool Reader::fail(const char* where, Flaw flaw, std::string_view what) {
  where_ = where;
  flaw_ = flaw;
  what_ = what;
  return false;
}

bool Reader::fail_syntax(const char* where, std::string_view what) {
  // The last octet is told instead of the bracket that follows it.
  if (where >= end_) return fail(std::max(begin_, end_ - 1), Flaw::syntax, kTooEarly);
  // Not all of simdjson's kernels look at what is no string before it gives out tokens.
  if (utf8_length({where, static_cast<std::size_t>(end_ - where)}) == 0) {
    return fail(where, Flaw::utf8, kUtf8);
  }
  return fail(where, Flaw::syntax, what);
}

// fail_index looks for what simdjson refuses before it gives out tokens, and does not say where.
bool Reader::fail_index(simdjson::error_code error) {
  SALLYPORT_CHECK(error != simdjson::MEMALLOC && error != simdjson::CAPACITY);
  const char* at = begin_;
  if (error == simdjson::UTF8_ERROR) {
    while (at < end_) {
      const std::size_t length = utf8_length({at, static_cast<std::size_t>(end_ - at)});
      if (length == 0) break;
      at += length;
    }
    return fail(at, Flaw::utf8, kUtf8);
  }
  if (error != simdjson::UNESCAPED_CHARS) return fail_syntax(end_);
  for (bool is_quoted = false; at < end_; ++at) {
    if (is_quoted && *at >= 0 && *at < 0x20) break;
    if (*at == '"') is_quoted = !is_quoted;
    if (*at == '\\') ++at;
  }
  return fail_syntax(at, "a control character in a string");
}

// here is the token that is next, or at which simdjson gave up.
const char* Reader::here() {
  const char* where = end_;
  return json_.current_location().get(where) ? end_ : where;
}

bool Reader::read() {
  if (const void* nul = std::memchr(begin_, '\0', static_cast<std::size_t>(end_ - begin_))) {
    return fail(static_cast<const char*>(nul), Flaw::nul, "NUL");
  }
  if (const auto error = parser_.iterate(all_).get(json_)) return fail_index(error);
  ondemand::array array;
  if (json_.get_array().get(array)) return fail_syntax(here());
  for (auto element : array) {
    ondemand::value value;
    if (element.get(value) || !waiting_.empty()) return fail_syntax(here(), kFollows);
    if (!read_value(value, 0)) return false;
  }
  // The array ends where the text says so, unless nothing follows.
  if (json_.current_location().error() != simdjson::OUT_OF_BOUNDS) {
    return fail_syntax(here(), kFollows);
  }
  if (waiting_.empty()) return fail_syntax(end_);
  document_.nodes.push_back(waiting_.back());
  return true;
}

bool Reader::read_value(ondemand::value value, int depth) {
  const char* const where = here();
  json_type type;
  if (value.type().get(type)) return fail_syntax(where);
  switch (type) {
    case json_type::object:
    case json_type::array:
      if (depth >= max_depth_) return fail(where, Flaw::too_deep, "nested too deep");
      return type == json_type::object ? read_object(value, depth + 1)
                                       : read_array(value, depth + 1);
    case json_type::string: {
      ondemand::raw_json_string raw;
      return value.get_raw_json_string().get(raw) ? fail_syntax(where) : read_string(raw);
    }
    case json_type::number:
      return read_number(value);
    case json_type::boolean:
      return read_boolean(value);
    case json_type::null:
      return read_null(value);
  }
  return fail_syntax(where);
}

bool Reader::read_array(ondemand::value& value, int depth) {
  const std::size_t start = waiting_.size();
  ondemand::array array;
  if (value.get_array().get(array)) return fail_syntax(here());
  for (auto element : array) {
    ondemand::value child;
    if (element.get(child)) return fail_syntax(here());
    if (!read_value(child, depth)) return false;
  }
  close(start, Kind::array);
  return true;
}

bool Reader::read_object(ondemand::value& value, int depth) {
  const std::size_t start = waiting_.size();
  const char* const where = here();
  ondemand::object object;
  if (value.get_object().get(object)) return fail_syntax(here());
  for (auto element : object) {
    ondemand::field member;
    if (std::move(element).get(member)) return fail_syntax(here());
    const ondemand::raw_json_string name = member.key();
    if (!read_string(name)) return false;
    if (is_repeated(start)) return fail(name.raw() - 1, Flaw::duplicate, kRepeated);
    if (!read_value(member.value(), depth)) return false;
  }
  if (has_repeated(start)) return fail(where, Flaw::duplicate, kRepeated);
  close(start, Kind::object);
  return true;
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

bool Reader::read_string(ondemand::raw_json_string raw) {
  const char* const where = raw.raw() - 1;  // its quotation mark
  std::string_view text;
  if (parser_.unescape(raw, strings_).get(text)) return fail_syntax(where);
  if (text.find('\0') != text.npos) return fail(where, Flaw::nul, "NUL in a string");
  waiting_.push_back(text_node(text, Kind::string));
  return true;
}

// A number that is no integer is kept as it is written: as a double it would be another number.
// simdjson's get_double is not asked: on digits chosen for it, it takes 300 times as long as
// std::from_chars.
bool Reader::read_number(ondemand::value& value) {
  std::int64_t integer = 0;
  if (!value.get_int64().get(integer)) {
    waiting_.push_back(scalar_node(integer, Kind::integer));
    return true;
  }
  std::string_view token = value.raw_json_token();
  token = token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
  double real = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), real);
  if (end != token.data() + token.size() || !is_plainly_written(token)) {
    return fail_syntax(token.data());
  }
  if (error != std::errc() || token.find_first_of(".eE") == token.npos) {
    return fail(token.data(), Flaw::number, "a number is too large");
  }
  std::memcpy(strings_, token.data(), token.size());
  waiting_.push_back(
      text_node({reinterpret_cast<const char*>(strings_), token.size()}, Kind::real));
  strings_ += token.size();
  return true;
}

bool Reader::read_boolean(ondemand::value& value) {
  bool boolean = false;
  if (value.get_bool().get(boolean)) return fail_syntax(here());
  waiting_.push_back(scalar_node(boolean ? 1 : 0, Kind::boolean));
  return true;
}

bool Reader::read_null(ondemand::value& value) {
  bool is_null = false;
  if (value.is_null().get(is_null) || !is_null) return fail_syntax(here());
  waiting_.push_back(scalar_node(0, Kind::null));
  return true;
}

}  // namespace

Result<void> read(std::string_view text, int max_depth, Document& document, Flaw& flaw) {
  // A thread keeps scratch for texts as long as tokens are; simdjson takes six octets for each.
  constexpr std::size_t kMostKept = 16 * 1024;
  thread_local Scratch kept;
  std::optional<Scratch> own;
  Scratch& scratch = text.size() <= kMostKept ? kept : own.emplace();
  scratch.bracketed.assign(text);

  // What honest texts need: ten octets a value.
  constexpr std::size_t kMostReserved = 1024;
  document.nodes.reserve(std::min(text.size() / 10 + 8, kMostReserved));
  document.strings =
      std::make_unique_for_overwrite<std::uint8_t[]>(text.size() + simdjson::SIMDJSON_PADDING);
  Reader reader(document, max_depth, scratch);
  if (reader.read()) return {};
  flaw = reader.flaw();
  return reader.error();
}

}  // namespace sallyport::json
