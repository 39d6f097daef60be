#pragma once

// NamePattern matches names of certificates label by label: "plaid-mtls-<shortname>.plaid.com".
// <word> stands for one or more of a-z, 0-9 and "-" inside its label; it never matches a dot, so a
// name can never be longer than the pattern.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"

namespace sallyport::crypto {

class NamePattern {
 public:
  // Longest pattern and longest name that can match (RFC 1035 section 2.3.4).
  static constexpr std::size_t kMaxLength = 253;

  // parse refuses wildcards, empty labels, unbalanced angle brackets and more than one placeholder
  // a label; the error says what to write.
  static Result<NamePattern> parse(std::string_view text);

  // matches compares without regard to ASCII case.
  bool matches(std::string_view name) const;
  // text is the pattern as it was written.
  const std::string& text() const { return text_; }

 private:
  struct Label {
    std::string before;  // literal text, lower case
    std::string after;   // literal text behind the placeholder
    bool has_placeholder = false;
  };
  static std::optional<std::string> parse_label(std::string_view text, Label& to);
  static bool label_matches(const Label& label, std::string_view text);

  std::string text_;
  std::vector<Label> labels_;
};

}  // namespace sallyport::crypto
