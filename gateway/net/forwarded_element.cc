// RFC 7239 section 4, and the nodes of section 6.

#include "gateway/net/forwarded_element.h"

#include <algorithm>

#include "gateway/base/text.h"

namespace sallyport::net {
namespace {

using Kind = ForwardedHop::Kind;

// RFC 9110 section 5.6.2.
bool is_token_char(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return is_alpha(c) || is_digit(c) || kMarks.find(c) != std::string_view::npos;
}

// obfnode and obfport: "_" 1*( ALPHA / DIGIT / "." / "_" / "-" ).
bool is_obfuscated(std::string_view text) {
  return text.size() > 1 && text.front() == '_' &&
         std::all_of(text.begin() + 1, text.end(), [](char c) {
           return is_alpha(c) || is_digit(c) || c == '.' || c == '_' || c == '-';
         });
}

// A port that is obfuscated is as good as none. False: it is neither.
bool read_port(std::string_view text, std::uint16_t& port) {
  if (is_obfuscated(text)) return true;
  const auto number = text.size() <= 5 ? parse_decimal<std::uint16_t>(text) : std::nullopt;
  if (!number) return false;
  port = *number;
  return true;
}

ForwardedHop address_hop(std::string_view name, bool is_v6, std::uint16_t port) {
  if ((name.find(':') != std::string_view::npos) != is_v6) return {};
  const auto address = Address::parse(name);
  if (!address) return {};
  return {Kind::address, {*address, port}};
}

}  // namespace

ForwardedHop parse_node(std::string_view text) {
  const bool is_v6 = text.starts_with('[');
  std::string_view name = text;
  std::string_view port_text;
  if (is_v6) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return {};
    name = text.substr(1, end - 1);
    port_text = text.substr(end + 1);
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    name = text.substr(0, colon);
    port_text = text.substr(colon);
  }
  std::uint16_t port = 0;
  if (!port_text.empty() && (port_text.front() != ':' || !read_port(port_text.substr(1), port))) {
    return {};
  }
  if (!is_v6 && (is_obfuscated(name) || equals_ignoring_case(name, "unknown"))) {
    return {Kind::hidden, {}};
  }
  return address_hop(name, is_v6, port);
}

ForwardedHop parse_x_node(std::string_view text) {
  if (std::count(text.begin(), text.end(), ':') > 1 && !text.starts_with('[')) {
    return address_hop(text, true, 0);
  }
  return parse_node(text);
}

ForwardedReader::Parameter ForwardedReader::parameter_of(std::string_view name) {
  if (equals_ignoring_case(name, "for")) return Parameter::for_;
  if (equals_ignoring_case(name, "by")) return Parameter::by;
  if (equals_ignoring_case(name, "host")) return Parameter::host;
  if (equals_ignoring_case(name, "proto")) return Parameter::proto;
  return Parameter::extension;
}

bool ForwardedReader::read_element(ForwardedHop& hop) {
  hop = {Kind::hidden, {}};
  seen_ = 0;
  bool any = false;
  for (;;) {
    if (!rest_.empty() && is_token_char(rest_.front())) {
      if (!read_pair(hop)) return false;
      any = true;
    }
    if (!rest_.starts_with(';')) return any;
    rest_.remove_prefix(1);
  }
}

bool ForwardedReader::read_pair(ForwardedHop& hop) {
  const std::string_view name = read_token();
  std::string_view value;
  if (!rest_.starts_with('=')) return false;
  rest_.remove_prefix(1);
  if (!read_value(value)) return false;
  const Parameter parameter = parameter_of(name);
  const auto bit = static_cast<unsigned>(parameter);
  // Each parameter must not occur more than once in an element.
  if ((seen_ & bit) != 0) return false;
  seen_ |= bit;
  if (parameter != Parameter::for_) return true;
  hop = parse_node(value);
  return hop.kind != Kind::malformed;
}

std::string_view ForwardedReader::read_token() {
  const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_token_char);
  const auto size = static_cast<std::size_t>(end - rest_.begin());
  const std::string_view token = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return token;
}

bool ForwardedReader::read_value(std::string_view& value) {
  if (rest_.starts_with('"')) return read_quoted(value);
  value = read_token();
  return !value.empty();
}

// RFC 9110 section 5.6.4. Control characters cannot come here: the codecs refuse them in fields.
bool ForwardedReader::read_quoted(std::string_view& value) {
  std::size_t size = 0;
  for (std::size_t i = 1; i < rest_.size(); ++i) {
    char c = rest_[i];
    if (c == '"') {
      value = {value_, size};
      rest_.remove_prefix(i + 1);
      return true;
    }
    if (c == '\\') {
      if (++i == rest_.size()) return false;
      c = rest_[i];
    }
    if (size < kMaxValue) value_[size++] = c;
  }
  return false;
}

bool ForwardedReader::take_comma() {
  std::string_view rest = trim(rest_);
  if (!rest.starts_with(',')) return false;
  rest.remove_prefix(1);
  rest_ = trim(rest);
  return true;
}

}  // namespace sallyport::net
