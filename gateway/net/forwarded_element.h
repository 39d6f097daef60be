#pragma once

#include <string_view>

#include "gateway/net/forwarded.h"

namespace sallyport::net {

// ForwardedReader reads the elements of one Forwarded line, one after the other.
class ForwardedReader {
 public:
  explicit ForwardedReader(std::string_view line) : rest_(line) {}

  // read_element reads `[ pair ] *( ";" [ pair ] )` with at least one pair, and says who is meant;
  // false when it breaks the grammar.
  bool read_element(ForwardedHop& hop);
  // take_comma skips the comma to the next element, with its optional white space.
  bool take_comma();
  bool is_at_end() const { return rest_.empty(); }

 private:
  // The four parameters of RFC 7239 section 5; others are extensions.
  enum class Parameter : unsigned { by = 1, for_ = 2, host = 4, proto = 8, extension = 0 };

  static Parameter parameter_of(std::string_view name);
  bool read_pair(ForwardedHop& hop);
  std::string_view read_token();
  // read_value returns false when there is none; a quoted one is unquoted into `value_`.
  bool read_value(std::string_view& value);
  bool read_quoted(std::string_view& value);

  // The longest quoted value that can be a node: longer ones are no node, and their text is cut.
  static constexpr std::size_t kMaxValue = 128;
  std::string_view rest_;
  unsigned seen_ = 0;  // parameters of this element
  char value_[kMaxValue];
};

// parse_x_node reads an entry of X-Forwarded-For: as parse_node, and an IPv6 address may lack its
// brackets when it has no port.
ForwardedHop parse_x_node(std::string_view text);

}  // namespace sallyport::net
