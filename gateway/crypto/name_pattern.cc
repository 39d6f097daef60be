#include "gateway/crypto/name_pattern.h"

#include <algorithm>

#include "gateway/base/text.h"

namespace sallyport::crypto {
namespace {

bool is_word(char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-'; }

bool is_literal(char c) { return c > ' ' && c < 0x7f && c != '<' && c != '>' && c != '*'; }

}  // namespace

std::optional<std::string> NamePattern::parse_label(std::string_view text, Label& to) {
  if (text.empty()) return "a label is empty";
  if (text.find('*') != std::string_view::npos) {
    return "\"*\" is no pattern; write <word> where one part of a label varies";
  }
  const std::size_t open = text.find('<');
  const std::size_t close = text.find('>');
  to.has_placeholder = open != std::string_view::npos;
  if (to.has_placeholder) {
    if (close == std::string_view::npos || close <= open + 1) return "write a word in < and >";
    const std::string_view word = text.substr(open + 1, close - open - 1);
    if (!std::ranges::all_of(word, is_word)) return "the word in < and > may have a-z, 0-9 and -";
    to.after = text.substr(close + 1);
  }
  to.before = text.substr(0, open);
  if (!std::ranges::all_of(to.before + to.after, is_literal)) {
    return "a label may have one <word>, and else visible ASCII characters";
  }
  return std::nullopt;
}

Result<NamePattern> NamePattern::parse(std::string_view text) {
  if (text.size() > kMaxLength) return Error{Fault::gateway, "the pattern is too long"};
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), to_lower);
  NamePattern pattern;
  pattern.text_ = text;
  std::optional<std::string> mistake;
  for_each_piece(lower, '.', [&](std::string_view piece) {
    if (mistake) return;
    mistake = parse_label(piece, pattern.labels_.emplace_back());
  });
  if (mistake) return Error{Fault::gateway, *mistake};
  return pattern;
}

bool NamePattern::label_matches(const Label& label, std::string_view text) {
  const std::string_view head = text.substr(0, label.before.size());
  if (!equals_ignoring_case(head, label.before)) return false;
  text.remove_prefix(head.size());
  if (!label.has_placeholder) return text.empty();
  if (text.size() <= label.after.size()) return false;  // the placeholder stands for something
  const std::string_view tail = text.substr(text.size() - label.after.size());
  if (!equals_ignoring_case(tail, label.after)) return false;
  text.remove_suffix(tail.size());
  return std::ranges::all_of(text, [](char c) { return is_word(to_lower(c)); });
}

bool NamePattern::matches(std::string_view name) const {
  if (name.size() > kMaxLength) return false;
  std::size_t at = 0;
  bool all = true;
  for_each_piece(name, '.', [&](std::string_view piece) {
    all = all && at < labels_.size() && label_matches(labels_[at], piece);
    ++at;
  });
  return all && at == labels_.size();
}

}  // namespace sallyport::crypto
